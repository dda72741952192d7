/**
 * A node with a log in a simulated world, clients that know what they were promised, and the faults of the machine: seeded
 * runs that end in a judgement. What a client wrote rises, so that any value found tells which writes are there.
 */
import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { makeConfig } from "#torus/config/config.js";
import type { Connection, ConnectionEvents } from "#torus/host/network.js";
import type { World } from "#torus/host/sim/world.js";
import { type RunningNode, runNode } from "#torus/node.js";
import { encodeCommand } from "../support/request.js";
import { worldOf } from "../support/world.js";

const PORT = 6379;
const SEGMENT_BYTES = 64 * 1024;
const NODE = "node";
const KEYS = 6;
const CLIENTS = 4;
const PATIENCE_MS = 20_000;

export interface DurableRun {
  readonly appendfsync: "always" | "everysec" | "no";
  readonly seed: number;
}

/** What is known of a key: the highest number acknowledged, shown to anybody, and sent. */
interface Known {
  acknowledged: number;
  shown: number;
  sent: number;
}

/** Runs a node through crashes and faults. Throws, naming the seed, if a promise is broken. */
export async function runDurable({ appendfsync, seed }: DurableRun): Promise<void> {
  const run = new Run(appendfsync, seed);
  try {
    await run.play();
  } catch (error) {
    throw new Error(`seed ${seed}, appendfsync ${appendfsync}: ${(error as Error).stack}`);
  }
}

class Run {
  readonly #world: World;
  readonly #prng: Prng;
  readonly #always: boolean;
  readonly #config;
  readonly #known = new Map<string, Known>();
  #next = 1;
  /** The last number of the sequence. */
  #sequence = 0;
  #node: RunningNode | undefined;

  constructor(appendfsync: DurableRun["appendfsync"], seed: number) {
    this.#world = worldOf(`${appendfsync} ${seed}`);
    this.#prng = new Prng(`run ${appendfsync} ${seed}`);
    this.#always = appendfsync === "always";
    this.#config = makeConfig({
      bind: "0.0.0.0",
      port: PORT,
      protectedMode: "no",
      appendonly: "yes",
      appendfsync,
      dir: "data",
      databases: "2",
      autoAofRewriteMinSizeBytes: "20kb",
    });
  }

  async play(): Promise<void> {
    const lives = 1 + this.#prng.below(3);
    for (let life = 0; life < lives; life++) {
      await this.#start();
      await this.#judge();
      await this.#serve();
    }
    await this.#start();
    await this.#judge();
  }

  async #start(): Promise<void> {
    const host = this.#world.host(NODE);
    const starting = runNode({
      host,
      config: this.#config,
      configFile: "",
      logSegmentBytes: SEGMENT_BYTES,
      stopped: (error) => {
        throw error ?? new Error("the node stopped");
      },
    });
    if (this.#prng.below(4) === 0) {
      // A crash in the midst of recovery.
      void starting.catch(() => {});
      await this.#world.advance(this.#prng.float() * 15);
      this.#world.crash(NODE, { powerLoss: this.#prng.below(2) === 0 });
      await this.#start();
      return;
    }
    this.#node = await this.#world.complete(starting, { withinMs: PATIENCE_MS });
  }

  /** Clients at work, with faults, until the machine crashes. */
  async #serve(): Promise<void> {
    const prng = this.#prng;
    const { disk } = this.#world.host(NODE);
    const writers = Array.from({ length: CLIENTS }, (_, i) => this.#client(i));
    const steps = 2 + prng.below(6);
    for (let step = 0; step < steps; step++) {
      switch (prng.below(8)) {
        case 0:
          disk.faults.failingSyncs = 1;
          break;
        case 1:
          disk.faults.failingWrites = 1;
          break;
        case 2:
          disk.volume.capacityBytes = disk.volume.usedBytes + prng.below(SEGMENT_BYTES);
          break;
        case 3:
          disk.volume.capacityBytes = Number.POSITIVE_INFINITY;
          break;
        case 4:
          void this.#node!.client.call("BGSAVE").catch(() => {});
          break;
        case 5:
          disk.faults.syncDelayMs = prng.below(2) * 60;
          break;
        default:
      }
      await this.#world.advance(prng.float() * 60);
    }
    this.#world.crash(NODE, { powerLoss: prng.below(3) > 0, flips: prng.below(2) === 0 });
    Object.assign(disk.faults, { failingSyncs: 0, failingWrites: 0, syncDelayMs: 0 });
    disk.volume.capacityBytes = Number.POSITIVE_INFINITY;
    for (const writer of writers) writer.stop();
    await this.#world.advance(5);
  }

  /** All that was promised is there, and nothing that nobody wrote. */
  async #judge(): Promise<void> {
    const found = new Map<string, number>();
    for (const key of this.#known.keys()) {
      const value = await this.#world.complete(this.#node!.client.call("GET", key));
      found.set(key, value === null ? 0 : Number(value));
    }
    for (const [key, known] of this.#known) {
      const number = found.get(key)!;
      expect(number, `${key}: more than was ever sent`).at.most(known.sent);
      if (this.#always) {
        expect(number, `${key}: an acknowledged write is gone`).at.least(known.acknowledged);
        expect(number, `${key}: somebody was shown more`).at.least(known.shown);
      }
      // From here on what is there counts.
      known.acknowledged = known.shown = known.sent = number;
    }
    for (const [key, number] of found) {
      if (key.startsWith("{t}a")) {
        expect(number, "a batch was torn").equal(found.get(key.replace("a", "b")));
      }
    }
    const numbers = [...found].filter(([key]) => key.startsWith("s")).map(([, number]) => number);
    this.#expectPrefix(numbers);
    this.#sequence = Math.max(0, ...numbers);
  }

  /** One client writes 1, 2, 3, ... to a few keys in turn: what is there must be all up to some number. */
  #expectPrefix(numbers: readonly number[]): void {
    const last = Math.max(0, ...numbers);
    for (const number of numbers) {
      if (number > 0) expect(number, `not a prefix: ${numbers.join(" ")}`).above(last - KEYS);
    }
  }

  #client(index: number): DurableClient {
    const prng = this.#prng.fork(`client ${index} ${this.#next}`);
    const client = new DurableClient((reply) => settle?.(reply));
    let settle: ((reply: string) => void) | undefined;
    const ask = () => {
      const [command, settled] = index === 0 ? this.#writeNext() : this.#draw(prng, index);
      settle = (reply) => {
        settled(reply);
        ask();
      };
      client.send(command);
    };
    const host = this.#world.host(`client ${index}`);
    void host.network
      .connect({ host: NODE, port: PORT }, (connection) => client.open(connection))
      .then(ask)
      .catch(() => {});
    return client;
  }

  /** The writer of the sequence. What is refused it tries again, so that there are no holes. */
  #writeNext(): [Buffer, (reply: string) => void] {
    const number = this.#sequence + 1;
    const key = `s${number % KEYS}`;
    const settled = this.#sent(key, number);
    return [
      encodeCommand(["SET", key, String(number)]),
      (reply) => {
        if (!reply.startsWith("-MISCONF")) this.#sequence = number;
        settled(reply);
      },
    ];
  }

  /** A key has one writer, so that what it holds rises; anybody may read it. */
  #draw(prng: Prng, writer: number): [Buffer, (reply: string) => void] {
    const i = prng.below(KEYS);
    const number = this.#next++;
    switch (prng.below(4)) {
      case 0: {
        const [a, b] = [`{t}a${writer}${i}`, `{t}b${writer}${i}`];
        const settled = [this.#sent(a, number), this.#sent(b, number)];
        return [
          encodeCommand(["MSET", a, String(number), b, String(number)]),
          (reply) => {
            for (const each of settled) each(reply);
          },
        ];
      }
      case 1: {
        const key = `v${writer}${i}`;
        // Padded with zeros: long values fill segments.
        return [
          encodeCommand(["SET", key, String(number).padStart(20 + prng.below(3000), "0")]),
          this.#sent(key, number),
        ];
      }
      default: {
        const owner = 1 + prng.below(CLIENTS - 1);
        const keys = [`s${i}`, `v${owner}${i}`, `{t}a${owner}${i}`];
        const key = keys[prng.below(keys.length)]!;
        return [encodeCommand(["GET", key]), (reply) => this.#shown(key, reply)];
      }
    }
  }

  #sent(key: string, number: number): (reply: string) => void {
    const known = this.#knownOf(key);
    known.sent = Math.max(known.sent, number);
    return (reply) => {
      if (reply === "+OK") known.acknowledged = Math.max(known.acknowledged, number);
    };
  }

  #shown(key: string, reply: string): void {
    const number = Number(reply);
    if (reply.startsWith("-") || reply === "" || !Number.isFinite(number)) return;
    const known = this.#knownOf(key);
    known.shown = Math.max(known.shown, number);
  }

  #knownOf(key: string): Known {
    const known = this.#known.get(key) ?? { acknowledged: 0, shown: 0, sent: 0 };
    this.#known.set(key, known);
    return known;
  }
}

/** Asks one thing after the other and never waits for the world. */
class DurableClient implements ConnectionEvents {
  #connection: Connection | undefined;
  #arrived = "";
  #isStopped = false;

  constructor(private readonly replied: (reply: string) => void) {}

  open(connection: Connection): this {
    this.#connection = connection;
    return this;
  }

  send(command: Buffer): void {
    if (!this.#isStopped) this.#connection?.write(command);
  }

  stop(): void {
    this.#isStopped = true;
    this.#connection?.destroy();
  }

  received(bytes: Buffer, length: number): void {
    this.#arrived += bytes.toString("latin1", 0, length);
    const line = this.#arrived.indexOf("\r\n");
    if (line < 0) return;
    const head = this.#arrived.slice(0, line);
    const size = head.startsWith("$") ? Number(head.slice(1)) : -1;
    const end = size < 0 ? line + 2 : line + 2 + size + 2;
    if (this.#arrived.length < end) return;
    const reply = size < 0 ? head : this.#arrived.slice(line + 2, line + 2 + size);
    this.#arrived = this.#arrived.slice(end);
    if (!this.#isStopped) this.replied(reply);
  }

  drained(): void {}

  closed(): void {
    this.#isStopped = true;
  }
}
