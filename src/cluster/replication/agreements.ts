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
import type { Clock } from "../../host/clock.js";
import type { NodeId } from "../../membership/member.js";
import type { Service } from "../peer-server.js";
import type { Peers } from "../peers.js";
import type { CatchingUp } from "./catching-up.js";
import type { Generation } from "./generation.js";

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
  readonly peers: Pick<Peers, "linkTo">;
  readonly catchingUp: CatchingUp;
  readonly generation: Generation;
  readonly bootOf: (id: NodeId) => number | undefined;
  /** What this node has, for another one, to which all of it is on its way then. */
  readonly positions: (to: NodeId) => Buffer;
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
      other = { agreement: undefined, isAsked: false, nextMs: 0 };
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
    const { peers, generation, positions, bootOf, catchingUp } = this.#options;
    const boot = bootOf(nodeId);
    // Before the positions: what comes by another way from here on they do not tell of.
    const ours = generation.number;
    const outcome = await peers.linkTo(nodeId)?.ask(AGREE_SERVICE, positions(nodeId), ASK_TIMEOUT_MS);
    if (outcome?.kind !== "answered" || outcome.body.length < HEAD_BYTES || boot === undefined)
      return undefined;
    const { body } = outcome;
    const [has, theirs] = [body[0] === 1, body.readUInt32LE(1)];
    if (!has || !(await catchingUp.reachAll(nodeId, body.subarray(HEAD_BYTES), boot))) return undefined;
    return { boot, theirs, ours, askedMs };
  }

  async #answer(from: NodeId, question: Buffer): Promise<Uint8Array> {
    const { generation, positions, catchingUp } = this.#options;
    const has = await catchingUp.reachAll(from, question);
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = has ? 1 : 0;
    head.writeUInt32LE(generation.number, 1);
    return Buffer.concat([head, positions(from)]);
  }
}
