/**
 * A client of a cluster: it connects to any node, sends its script in bursts without waiting for replies, cut anywhere, and
 * goes to another node when it likes or has to. Every command is answered in time, or its connection ends.
 */
import type { Prng } from "#torus/base/prng.js";
import type { Connection, ConnectionEvents } from "#torus/host/network.js";
import type { World } from "#torus/host/sim/world.js";
import { notate } from "../../support/notation.js";
import type { Reply } from "../../support/reply.js";
import { ReplyDecoder } from "../../support/reply-decoder.js";
import type { Chronicle } from "./chronicle.js";
import type { Step } from "./script.js";
import { Violation } from "./violation.js";

/** What a client asks for. */
export interface Errands {
  next(): Step;
  reconnected(): void;
}

export interface ClientOptions {
  readonly world: World;
  readonly name: string;
  readonly prng: Prng;
  readonly chronicle: Chronicle;
  readonly errands: Errands;
  /** A node to connect to; undefined if none runs. */
  readonly pickNode: () => { readonly host: string; readonly port: number } | undefined;
  /** Whether what a node replies may be an error. */
  readonly mayFail: (node: string, sentAtMs: number) => boolean;
  /** Steps under way at once, and how long the client rests between bursts, at most. */
  readonly depth: number;
  readonly restMs: number;
  /** A command on its own must be answered in so long; `COMMAND_MS` if left out. */
  readonly commandMs?: number;
  readonly broken: (violation: unknown) => void;
}

interface Sent {
  readonly step: Step;
  readonly atMs: number;
  /** When it must be answered. */
  readonly dueMs: number;
}

/** How long a command may take: that of those before it, while which a node does not read on, its own deadline, and some more. */
const COMMAND_MS = 2 * 5000 + 2000;
/** What comes behind others may take so much longer for each of them. */
const BEHIND_MS = 1000;

const RECONNECT_MS = 50;
/** Of a burst this is the chance that the client looks for another node behind it. */
const MOVE_CHANCE = 0.03;
const CUT_CHANCE = 0.1;

export class ClusterClient {
  readonly #options: ClientOptions;
  #session: Session | undefined;
  #isStopped = false;
  /** Steps that were settled by replies. */
  answered = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#connect();
  }

  /** Sends nothing further; what is under way ends by itself. */
  stop(): void {
    this.#isStopped = true;
  }

  get isIdle(): boolean {
    return this.#session === undefined || this.#session.oldest === undefined;
  }

  /** Throws if something is not answered by when it must be. */
  expectInTime(): void {
    const session = this.#session;
    const oldest = session?.oldest;
    const { world, name } = this.#options;
    if (oldest === undefined || world.nowMs <= oldest.dueMs) return;
    const waitedMs = Math.round(world.nowMs - oldest.atMs);
    throw new Violation(`${name}: no reply for ${waitedMs} ms from ${session!.node} to ${oldest.step.text}`);
  }

  close(): void {
    this.#isStopped = true;
    this.#session?.connection?.destroy();
  }

  #connect(): void {
    const { world, name, pickNode, errands } = this.#options;
    if (this.#isStopped) return;
    const node = pickNode();
    const again = () => this.#later(RECONNECT_MS, () => this.#connect());
    if (node === undefined) {
      again();
      return;
    }
    const session = new Session(node.host, {
      settled: (sent, replies) => this.#settled(session, sent, replies),
      closed: () => {
        if (this.#session !== session) return;
        this.#session = undefined;
        again();
      },
    });
    errands.reconnected();
    world
      .host(name)
      .network.connect(node, (connection) => session.open(connection))
      .then(
        () => {
          this.#session = session;
          this.#burst();
        },
        () => again(),
      );
  }

  #burst(): void {
    const session = this.#session;
    const { prng, depth, restMs, commandMs = COMMAND_MS, errands, chronicle, name } = this.#options;
    if (this.#isStopped || session === undefined) return;
    if (session.oldest === undefined && prng.chance(MOVE_CHANCE)) {
      session.connection!.close();
      return;
    }
    const room = depth - session.underWay;
    const steps = room <= 0 ? [] : Array.from({ length: 1 + prng.below(room) }, () => errands.next());
    for (const { text } of steps) chronicle.detail(text, () => `${name} asks ${session.node}: ${text}`);
    const cut = prng.chance(CUT_CHANCE) ? prng.float() : 1;
    session.send(steps, { atMs: this.#options.world.nowMs, commandMs, cut });
    this.#later(prng.float() * restMs, () => {
      if (this.#session === session) this.#burst();
    });
  }

  #settled(session: Session, { step, atMs }: Sent, replies: readonly Reply[] | undefined): void {
    const { chronicle, name, broken, mayFail } = this.#options;
    if (replies !== undefined) this.answered++;
    const said = () => {
      const reply = replies === undefined ? "the connection ended" : replies.map(notate).join(" ");
      return `${session.node} tells ${name}: ${step.text} -> ${reply}`;
    };
    chronicle.detail(step.text, said);
    try {
      step.settle(replies, mayFail(session.node, atMs));
    } catch (violation) {
      chronicle.note(`broken at ${session.node} for ${name}: ${step.text}`);
      broken(violation);
    }
  }

  #later(delayMs: number, act: () => void): void {
    this.#options.world.host(this.#options.name).timers.after(delayMs, act);
  }
}

interface SessionEvents {
  /** `replies` is undefined if the connection ended first. */
  readonly settled: (sent: Sent, replies: readonly Reply[] | undefined) => void;
  readonly closed: () => void;
}

/** One connection, and what was sent by it. */
class Session implements ConnectionEvents {
  connection: Connection | undefined;
  readonly #sent: Sent[] = [];
  readonly #decoder = new ReplyDecoder();
  readonly #events: SessionEvents;
  /** Replies to the oldest of what was sent. */
  #replies: Reply[] = [];

  constructor(
    readonly node: string,
    events: SessionEvents,
  ) {
    this.#events = events;
  }

  open(connection: Connection): this {
    this.connection = connection;
    return this;
  }

  get oldest(): Sent | undefined {
    return this.#sent[0];
  }

  get underWay(): number {
    return this.#sent.length;
  }

  /** `cut` is the part of the bytes that goes out by a write of its own. */
  send(
    steps: readonly Step[],
    { atMs, commandMs, cut }: { atMs: number; commandMs: number; cut: number },
  ): void {
    if (steps.length === 0) return;
    for (const step of steps) {
      const ahead = this.#sent.reduce((sum, sent) => sum + sent.step.count, step.count);
      this.#sent.push({ step, atMs, dueMs: atMs + commandMs + ahead * BEHIND_MS });
    }
    const bytes = Buffer.concat(steps.map(({ request }) => request));
    const at = Math.floor(cut * bytes.length);
    this.connection!.write(bytes.subarray(0, at));
    this.connection!.write(bytes.subarray(at));
  }

  received(bytes: Buffer, length: number): void {
    for (const reply of this.#decoder.push(Buffer.from(bytes.subarray(0, length)))) {
      this.#replies.push(reply);
      const oldest = this.#sent[0];
      if (oldest === undefined) throw new Violation(`${this.node} replied to nobody: ${notate(reply)}`);
      if (this.#replies.length < oldest.step.count) continue;
      const replies = this.#replies;
      this.#replies = [];
      this.#sent.shift();
      this.#events.settled(oldest, replies);
    }
  }

  drained(): void {}

  closed(): void {
    for (const sent of this.#sent.splice(0)) this.#events.settled(sent, undefined);
    this.#events.closed();
  }
}
