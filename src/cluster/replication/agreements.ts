/**
 * Agreements of this node with those that execute for slots of which it has copies: each has all that the other one had, but for what the
 * other has executed since. So positions in one stream, of who executes, tell what a copy has (slot-reads.ts), as long as neither gets
 * anything by another way (generation.ts).
 *
 * An agreement is made when somebody wants to read, and holds for a moment: so a copy that is read is never older than that.
 *
 *     question  := positions                                 of who asks (positions.ts)
 *     agreement := has:u8 generation:u32 positions           `has`: who answers has what these positions tell of
 */
import { ByteReader } from "../../base/byte-reader.js";
import { rangeOf } from "../../base/bytes.js";
import type { Clock } from "../../host/clock.js";
import type { NodeId } from "../../membership/member.js";
import type { Service } from "../peer-server.js";
import type { Peers } from "../peers.js";
import type { CatchingUp } from "./catching-up.js";
import type { Generation } from "./generation.js";
import { readPositions, type StreamPosition } from "./positions.js";
import type { Receiver } from "./receiver.js";

export const AGREE_SERVICE = "agree";
/** What is read here is no older than that. */
const VALID_MS = 1000;
/** An agreement that is used is made anew before it ends. */
const RENEWED_MS = 400;
/** After one that was not to be had. */
const PAUSE_MS = 100;
const ASK_TIMEOUT_MS = 4000;
const HEAD_BYTES = 5;

export interface AgreementsOptions {
  readonly clock: Clock;
  readonly selfId: NodeId;
  readonly peers: Pick<Peers, "linkTo">;
  readonly receiver: Receiver;
  readonly catchingUp: CatchingUp;
  readonly generation: Generation;
  readonly isAlive: (id: NodeId) => boolean;
  readonly bootOf: (id: NodeId) => number | undefined;
  /** Whether it owns slots that this node owns too. */
  readonly isCoOwner: (id: NodeId) => boolean;
  /** What this node has, for another one, to which all of it is on its way then. */
  readonly positions: (to: NodeId) => Buffer;
  /** Compares copies with another node, and resolves when both have what either had. */
  readonly repair: (id: NodeId) => Promise<unknown>;
}

export interface Agreement {
  readonly boot: number;
  /** Of the other node, and of this one. */
  readonly theirs: number;
  readonly ours: number;
  readonly askedMs: number;
}

interface Acquaintance {
  agreement: Agreement | undefined;
  isAsked: boolean;
  /** It is not asked before. */
  nextMs: number;
  /** Copies are being compared with it. */
  repairing: Promise<void> | undefined;
  /** By earlier life of a third node, up to where this node has had what the other one had of it. */
  readonly compared: Map<string, number>;
}

export class Agreements {
  readonly service: readonly [string, Service];
  readonly #options: AgreementsOptions;
  readonly #others = new Map<NodeId, Acquaintance>();

  constructor(options: AgreementsOptions) {
    this.#options = options;
    this.service = [AGREE_SERVICE, (body, { nodeId }) => this.#answer(nodeId, body)];
  }

  /** The one that holds; if there is none, or not for long, another is asked for. */
  with(nodeId: NodeId): Agreement | undefined {
    const { clock, generation, bootOf } = this.#options;
    const nowMs = clock.monotonicMs();
    const other = this.#acquaintance(nodeId);
    const { agreement } = other;
    const isValid =
      agreement !== undefined &&
      agreement.ours === generation.number &&
      agreement.boot === bootOf(nodeId) &&
      nowMs - agreement.askedMs < VALID_MS;
    if (!isValid || nowMs - agreement.askedMs >= RENEWED_MS) this.#ask(nodeId, other, nowMs);
    return isValid ? agreement : undefined;
  }

  /** It is known that the one that holds tells too little. */
  renew(nodeId: NodeId): void {
    this.#ask(nodeId, this.#acquaintance(nodeId), this.#options.clock.monotonicMs());
  }

  /** It shares no slots any more. */
  forget(nodeId: NodeId): void {
    this.#others.delete(nodeId);
  }

  #acquaintance(nodeId: NodeId): Acquaintance {
    let other = this.#others.get(nodeId);
    if (other === undefined) {
      other = { agreement: undefined, isAsked: false, nextMs: 0, repairing: undefined, compared: new Map() };
      this.#others.set(nodeId, other);
    }
    return other;
  }

  #ask(nodeId: NodeId, other: Acquaintance, nowMs: number): void {
    if (other.isAsked || nowMs < other.nextMs) return;
    other.isAsked = true;
    void this.#agree(nodeId, nowMs).then((agreement) => {
      other.isAsked = false;
      if (agreement !== undefined) other.agreement = agreement;
      else other.nextMs = this.#options.clock.monotonicMs() + PAUSE_MS;
    });
  }

  /** Never rejects. */
  async #agree(nodeId: NodeId, askedMs: number): Promise<Agreement | undefined> {
    const { peers, generation, positions, bootOf } = this.#options;
    const boot = bootOf(nodeId);
    // Before the positions: what comes by another way from here on they do not tell of.
    const ours = generation.number;
    const outcome = await peers.linkTo(nodeId)?.ask(AGREE_SERVICE, positions(nodeId), ASK_TIMEOUT_MS);
    if (outcome?.kind !== "answered" || outcome.body.length < HEAD_BYTES || boot === undefined)
      return undefined;
    const { body } = outcome;
    const [has, theirs] = [body[0] === 1, body.readUInt32LE(1)];
    if (!has || !(await this.#has(nodeId, body.subarray(HEAD_BYTES), boot))) return undefined;
    return { boot, theirs, ours, askedMs };
  }

  async #answer(from: NodeId, question: Buffer): Promise<Uint8Array> {
    const { generation, positions } = this.#options;
    const has = await this.#has(from, question);
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = has ? 1 : 0;
    head.writeUInt32LE(generation.number, 1);
    return Buffer.concat([head, positions(from)]);
  }

  /** Whether this node has, by now or soon, all that another one has by its positions. */
  async #has(nodeId: NodeId, bytes: Buffer, boot?: number): Promise<boolean> {
    const { catchingUp, selfId, isCoOwner, isAlive, bootOf } = this.#options;
    const told = readPositions(new ByteReader(rangeOf(bytes)));
    if (told === undefined || (boot !== undefined && told.boot !== boot)) return false;
    // Those of the dead are for the survivors to settle.
    const living = told.received.filter(
      (life) => life.nodeId !== selfId && isCoOwner(life.nodeId) && isAlive(life.nodeId),
    );
    const earlier = living.filter((life) => life.boot !== bootOf(life.nodeId));
    const present = living.filter((life) => !earlier.includes(life));
    const isThere = await Promise.all([
      catchingUp.reach(nodeId, bytes),
      this.#compare(nodeId, earlier),
      ...present.map((life) => catchingUp.received(life.nodeId, life.boot, life.applied)),
    ]);
    return !isThere.includes(false);
  }

  /** Of a life that is over nothing more comes: what is missing of it only the other one has. */
  async #compare(nodeId: NodeId, lives: readonly StreamPosition[]): Promise<boolean> {
    const { catchingUp, receiver, repair } = this.#options;
    const other = this.#acquaintance(nodeId);
    const { compared } = other;
    const isHere = (life: StreamPosition) => {
      const own = receiver.position(life.nodeId, life.boot);
      return Math.max(own?.isWhole ? own.applied : 0, compared.get(nameOf(life)) ?? 0) >= life.applied;
    };
    if (lives.every(isHere)) return true;
    other.repairing ??= repair(nodeId).then(() => {
      for (const life of lives) compared.set(nameOf(life), life.applied);
      other.repairing = undefined;
    });
    // One that was under way may have begun before the other one had all of it: then it is asked again.
    return catchingUp.soon(other.repairing.then(() => lives.every(isHere)));
  }
}

function nameOf({ nodeId, boot }: StreamPosition): string {
  return `${nodeId} ${boot}`;
}
