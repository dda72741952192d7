/**
 * Lives of a log: each reads what the one before left on the disk, writes on, and ends somewhere in the midst of an operation,
 * by the end of its process or a loss of power. Between them, failures of the disk and snapshots. A failed run names its seed.
 */
import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import type { SyncPolicy } from "#torus/durability/write-ahead-log.js";
import { HostError } from "#torus/host/host-error.js";
import { LogBench, readAll } from "./log-bench.js";
import { settled } from "./manual-time.js";
import { MemoryDisk } from "./memory-disk.js";

const RUNS = 400;
const LIVES = 5;
const STEPS = 30;

/** What survives whatever happens to the log: a prefix of the stream, as a snapshot that was synced holds it. */
interface Snapshot {
  readonly text: string;
}

class Story {
  #disk = new MemoryDisk();
  #snapshot: Snapshot = { text: "" };
  /** What must be there: up to where the log said that it lasts. */
  #promised = 0;
  /** All that was ever told in this line of history, and where batches end in it. */
  #told = "";
  #ends = new Set([0]);

  constructor(private readonly prng: Prng) {}

  async live(): Promise<void> {
    const { prng } = this;
    const from = this.#snapshot.text.length;
    const { text, end, nextSequence } = await readAll(this.#disk, from);
    const found = this.#snapshot.text + text;
    expect(this.#told.startsWith(found), "what is found is a prefix of what was told").equal(true);
    expect(this.#ends.has(end), "of whole batches").equal(true);
    expect(end, "and has all that was promised").least(this.#promised);
    this.#told = found;
    this.#ends = new Set([...this.#ends].filter((position) => position <= end));
    // Also while a log is begun the machine may stop.
    this.#disk.tornBytes = prng.below(300);
    this.#disk.operationsLeft = prng.chance(0.3) ? prng.below(40) : 20 + prng.below(300);
    const policy = prng.pick<SyncPolicy>(["always", "everysec", "no"]);
    const segmentBytes = prng.pick([320, 700, 3000]);
    const setUp = { position: end, sequence: nextSequence, policy, segmentBytes };
    const bench = await orStopped(this.#disk, LogBench.create(this.#disk, setUp));
    if (bench !== undefined) await this.#write(bench);
    this.#disk = prng.chance(0.5) ? this.#disk.afterKill() : this.#disk.afterPowerLoss(prng);
  }

  async #write(bench: LogBench): Promise<void> {
    const { prng } = this;
    for (let step = 0; step < STEPS && this.#disk.operationsLeft > 0; step++) {
      await this.#act(bench, prng.below(20));
      // Once made, a promise holds, whatever comes after it.
      this.#promise(bench.log.durablePosition);
    }
    if (prng.chance(0.2)) await orStopped(this.#disk, bench.log.close());
    this.#promise(bench.log.durablePosition);
  }

  /** What lasts may end within a batch, which counts only whole. */
  #promise(durable: number): void {
    for (const end of this.#ends) if (end <= durable) this.#promised = Math.max(this.#promised, end);
  }

  async #act(bench: LogBench, what: number): Promise<void> {
    const { prng } = this;
    if (what === 0) return await bench.time.pass(1000);
    if (what === 1) bench.log.policy = prng.pick<SyncPolicy>(["always", "everysec", "no"]);
    else if (what === 2) await this.#takeSnapshot(bench);
    else if (what === 3 && prng.chance(0.3)) await this.#fail(bench);
    else this.#tell(bench);
    if (prng.chance(0.7)) await bench.time.pass(prng.pick([0, 1, 5]));
  }

  #tell(bench: LogBench): void {
    const length = this.prng.pick([3, 20, 100, 900]);
    const text = `${this.#told.length}:`.padEnd(length, String.fromCharCode(97 + this.prng.below(26)));
    this.#told += text;
    this.#ends.add(this.#told.length);
    bench.take(text);
  }

  async #takeSnapshot(bench: LogBench): Promise<void> {
    this.#snapshot = { text: this.#told };
    this.#promise(this.#told.length);
    await orStopped(this.#disk, bench.log.trim(this.#told.length));
  }

  /** The disk fails once; the log is started afresh, and perhaps a snapshot is finished. */
  async #fail(bench: LogBench): Promise<void> {
    const kind = this.prng.pick(["write", "write-through", "sync"] as const);
    this.#disk.before = (operation) => {
      if (operation.kind === kind) throw new HostError("EIO", kind);
    };
    this.#tell(bench);
    await bench.time.pass(3000);
    this.#disk.before = () => {};
    if (!bench.log.needsFreshStart) return;
    await orStopped(this.#disk, bench.log.startAfresh(this.#told.length));
    if (this.prng.chance(0.5)) await this.#takeSnapshot(bench);
  }
}

/** Undefined if the machine stops before it is done. */
async function orStopped<Value>(disk: MemoryDisk, promise: Promise<Value>): Promise<Value | undefined> {
  let isDone = false;
  const done = promise.finally(() => {
    isDone = true;
  });
  const stopped = async () => {
    while (!isDone && disk.operationsLeft >= 0) await settled();
    await settled();
    return undefined;
  };
  return await Promise.race([done, stopped()]);
}

describe("the lives of a log", () => {
  it(`keep every promise and tear no batch, in ${RUNS} histories of ${LIVES} lives`, async () => {
    for (let seed = 0; seed < RUNS; seed++) {
      const story = new Story(new Prng(`log ${seed}`));
      try {
        for (let life = 0; life < LIVES; life++) await story.live();
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
    }
  }).timeout(120_000);
});
