/**
 * Where the command at hand is executed: here, at another node, or nowhere since its keys do not belong together. There is one
 * only if other nodes execute commands too.
 */
import { slotOf } from "../base/key-hash.js";
import { HERE, type Route, type SlotRoutes } from "../cluster/slot-routes.js";
import type { Call } from "../commands/call.js";
import { keyPositions } from "../commands/command-facts.js";
import type { Entry } from "./command-index.js";

/** No route: the keys of the command lie in several slots, of which not all are here. */
export const ACROSS = -1;
/** No slot: the command names no key. */
export const NO_SLOT = -1;
/** No one slot. */
export const SEVERAL_SLOTS = -2;

export class Router {
  readonly #call: Call;
  readonly #routes: SlotRoutes;
  readonly #bySlot: Uint16Array;

  constructor(call: Call, routes: SlotRoutes) {
    this.#call = call;
    this.#routes = routes;
    this.#bySlot = routes.bySlot;
  }

  /** The route of the first key, which the command has; `ACROSS` if the others are not with it. */
  routeOf(entry: Entry): Route | typeof ACROSS {
    const { bytes, marks, keyspace } = this.#call;
    const { hasher } = keyspace;
    const start = marks[entry.firstKey << 1]!;
    hasher.digest(bytes, start, marks[(entry.firstKey << 1) + 1]!);
    const { slot } = hasher;
    // The command will ask for the same key.
    hasher.offer(bytes, start, slot, hasher.hash);
    const route = this.#bySlot[slot]!;
    return entry.hasOneKey || this.#isTogether(entry, slot, route) ? route : ACROSS;
  }

  /** The slot of all keys of the command; `NO_SLOT`, or `SEVERAL_SLOTS`. */
  slotOf({ command }: Entry): number {
    const call = this.#call;
    let slot = NO_SLOT;
    for (const { at } of keyPositions(command, call.count)) {
      const next = slotOf(call.bytes, call.start(at), call.end(at));
      if (slot !== NO_SLOT && slot !== next) return SEVERAL_SLOTS;
      slot = next;
    }
    return slot;
  }

  of(slot: number): Route {
    return this.#routes.of(slot);
  }

  /** Changes whenever the route of any slot does. */
  get version(): number {
    return this.#routes.version;
  }

  #isTogether({ command }: Entry, firstSlot: number, route: Route): boolean {
    const call = this.#call;
    for (const { at } of keyPositions(command, call.count)) {
      const slot = slotOf(call.bytes, call.start(at), call.end(at));
      if (slot !== firstSlot && (route !== HERE || this.#bySlot[slot] !== HERE)) return false;
    }
    return true;
  }
}
