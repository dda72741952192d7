/**
 * Asks all nodes that execute slots, each for its own slots alone, and sees to it that each slot was spoken for: there is no
 * partial answer. Slots may change hands meanwhile; then all are asked anew, until the deadline.
 */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { Forwarder } from "../cluster/forwarder.js";
import { HELD, HERE, type Route } from "../cluster/slot-routes.js";
import { TRY_AGAIN } from "../protocol/reply-error.js";
import { errand, PART_ERRAND } from "./errands.js";
import { errorReply, firstError, isError } from "./gathered-reply.js";
import type { InnerContext, InnerSessions } from "./inner-sessions.js";

const TRY_AGAIN_CODE = "-TRYAGAIN";

/** What a node replied for the slots that it executes. */
export interface Answer {
  readonly route: Route;
  readonly reply: Buffer;
}

export interface RollCallOptions {
  readonly inner: InnerSessions;
  readonly forwarder: Forwarder;
}

export class RollCall {
  readonly #inner: InnerSessions;
  readonly #forwarder: Forwarder;

  constructor({ inner, forwarder }: RollCallOptions) {
    this.#inner = inner;
    this.#forwarder = forwarder;
  }

  /** The answers of all, or one error. `args`: the command, which must stand being executed again. */
  async all(args: readonly Uint8Array[], context: InnerContext): Promise<readonly Answer[] | Buffer> {
    const forwarder = this.#forwarder;
    for (;;) {
      const routes = [...new Set(forwarder.routes.bySlot)];
      if (!routes.includes(HELD)) {
        const replies = await Promise.all(routes.map((route) => this.#ask(route, args, context)));
        const error = firstError(replies);
        if (error !== undefined) return error;
        const answers = replies.map((reply, i) => ({ route: routes[i]!, ...readPart(reply) }));
        if (areAllCovered(answers)) return answers;
      }
      if (forwarder.nowMs >= context.deadlineMs) return errorReply(TRY_AGAIN);
      await new Promise<void>((changed) => forwarder.wait({ retry: changed }));
    }
  }

  /** What one node replies for its slots, which may be an error. */
  async one(route: Route, args: readonly Uint8Array[], context: InnerContext): Promise<Buffer> {
    const reply = await this.#ask(route, args, context);
    return isError(reply) ? reply : readPart(reply).reply;
  }

  async #ask(route: Route, args: readonly Uint8Array[], context: InnerContext): Promise<Buffer> {
    const reply = await this.#inner.call(errand(PART_ERRAND, route, ...args), context);
    const isUnreached =
      route !== HERE && reply.toString("latin1", 0, TRY_AGAIN_CODE.length) === TRY_AGAIN_CODE;
    if (!isUnreached) return reply;
    return errorReply(
      `TRYAGAIN node ${this.#forwarder.describe(route)}, which executes some of the slots, cannot be reached`,
    );
  }
}

const BITMAP_BYTES = SLOT_COUNT / 8;
const PART_OPENING = `*2\r\n$${BITMAP_BYTES}\r\n`;
const REPLY_AT = PART_OPENING.length + BITMAP_BYTES + 2;

/** The slots that this node executes, a bit for each. */
export function ownSlots({ bySlot }: { readonly bySlot: Uint16Array }): Buffer {
  const bitmap = Buffer.alloc(BITMAP_BYTES);
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if (bySlot[slot] === HERE) bitmap[slot >>> 3]! |= 1 << (slot & 7);
  }
  return bitmap;
}

function readPart(reply: Buffer): { slots: Buffer; reply: Buffer } {
  return {
    slots: reply.subarray(PART_OPENING.length, PART_OPENING.length + BITMAP_BYTES),
    reply: reply.subarray(REPLY_AT),
  };
}

/** Whether each slot was spoken for, and by one node. */
function areAllCovered(answers: readonly { readonly slots: Buffer }[]): boolean {
  for (let i = 0; i < BITMAP_BYTES; i++) {
    let seen = 0;
    for (const { slots } of answers) {
      if ((seen & slots[i]!) !== 0) return false;
      seen |= slots[i]!;
    }
    if (seen !== 0xff) return false;
  }
  return true;
}
