/**
 * Where the command at hand is executed: here, at another node, or nowhere since its keys do not belong together. There is one
 * only if other nodes execute commands too.
 */
import { type KeyHasher, slotOf } from "../base/key-hash.js";
import { HELD, HERE, type Route, type SlotRoutes } from "../cluster/slot-routes.js";
import type { Call } from "../commands/call.js";
import { keyPositions } from "../commands/command-facts.js";
import { slotOfCursor } from "../commands/scan-cursor.js";
import type { Entry } from "./command-index.js";

/** No route: what the command concerns lies in several slots, and no one node may execute it as it is. */
export const ACROSS = -1;
/** No slot: the command names no key. */
export const NO_SLOT = -1;
/** No one slot. */
export const SEVERAL_SLOTS = -2;

export class Router {
  readonly #call: Call;
  readonly #hasher: KeyHasher;
  readonly #routes: SlotRoutes;
  /** Routes by slot. */
  readonly bySlot: Uint16Array;

  constructor(call: Call, routes: SlotRoutes) {
    this.#call = call;
    this.#hasher = call.keyspace.hasher;
    this.#routes = routes;
    this.bySlot = routes.bySlot;
  }

  /** Whether this node executes everything. */
  get isLone(): boolean {
    return this.#routes.isLone;
  }

  /** The route of the first key, which the command has; `ACROSS` if the others are not with it. */
  routeOf(entry: Entry): Route | typeof ACROSS {
    const { bytes, marks } = this.#call;
    const at = this.#firstKeyOf(entry) << 1;
    // Without keys it is incomplete, which whoever executes it will say.
    if (at === 0) return HERE;
    // The command will ask for the same key.
    const slot = this.#hasher.digestAhead(bytes, marks[at]!, marks[at + 1]!);
    const route = this.bySlot[slot]!;
    return entry.hasOneKey || this.#isTogether(entry, slot, route) ? route : ACROSS;
  }

  #firstKeyOf({ command, firstKey, isFirstFixed }: Entry): number {
    return isFirstFixed ? firstKey : (keyPositions(command, this.#call)[0]?.at ?? 0);
  }

  /** The route of a command that names no key and concerns all of them. */
  routeOfAll(entry: Entry): Route | typeof ACROSS {
    if (entry.across === "acknowledged") return ACROSS;
    if (this.isLone) return HERE;
    return entry.across === "walk" ? this.of(slotOfCursor(this.#call, 1)) : ACROSS;
  }

  /** The slot of all keys of the command; `NO_SLOT`, or `SEVERAL_SLOTS`. */
  slotOf({ command }: Entry): number {
    const call = this.#call;
    let slot = NO_SLOT;
    for (const { at } of keyPositions(command, call)) {
      slot = sameSlot(slot, this.slotAt(at));
    }
    return slot;
  }

  /** The slot of a key of the command at hand, by which argument it is. */
  slotAt(argument: number): number {
    const call = this.#call;
    return slotOf(call.bytes, call.start(argument), call.end(argument));
  }

  of(slot: number): Route {
    return this.#routes.of(slot);
  }

  /** Commands that may be taken apart go whole to a node that executes all their slots. */
  #isTogether({ command, across }: Entry, firstSlot: number, route: Route): boolean {
    if (this.isLone) return true;
    const call = this.#call;
    const mayDiffer = across !== null && route !== HELD;
    for (const { at } of keyPositions(command, call)) {
      const slot = this.slotAt(at);
      if (slot !== firstSlot && !(mayDiffer && this.bySlot[slot] === route)) return false;
    }
    return true;
  }
}

/** What `NO_SLOT`, `SEVERAL_SLOTS` and slots make together. */
export function sameSlot(one: number, other: number): number {
  if (one === NO_SLOT || one === other) return other;
  return other === NO_SLOT ? one : SEVERAL_SLOTS;
}
