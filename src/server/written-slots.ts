/**
 * In which slots a client has written, and which nodes executed that: what WAIT asks about. Of few slots of a node it knows which they
 * are, of many that it may be any.
 */
import type { Forwarder } from "../cluster/forwarder.js";
import { HERE, type Route } from "../cluster/slot-routes.js";
import type { Call } from "../commands/call.js";
import { keyPositions } from "../commands/command-facts.js";
import type { Transaction } from "../commands/session.js";
import type { Entry } from "./command-index.js";
import type { Router } from "./router.js";

/** So many slots of one node are told apart: clients that care mostly write to few keys before they ask. */
const SLOTS_MAX = 16;
const NONE = -1;

/** What one node executed. */
export class WrittenPlace {
  /** The slots, unless it may be any. */
  slots: number[] = [];
  isAny = false;
  #last = NONE;
  readonly #forwarder: Forwarder;
  /** As things stood when the first of it was sent. */
  #routesVersion = 0;
  #contact = 0;

  constructor(
    readonly route: Route,
    forwarder: Forwarder,
  ) {
    this.#forwarder = forwarder;
  }

  get isEmpty(): boolean {
    return !this.isAny && this.slots.length === 0;
  }

  /** Whether, as far as this node knows, the other one still executes the same slots, and has not started anew. */
  get isSame(): boolean {
    const { routes } = this.#forwarder;
    return this.#routesVersion === routes.version && this.#contact === this.#forwarder.contactOf(this.route);
  }

  note(slot: number): void {
    if (!this.isAny && slot !== this.#last) this.#add(slot);
  }

  noteAny(): void {
    if (this.isEmpty) this.#begin();
    this.isAny = true;
    this.slots = [];
  }

  clear(): void {
    this.slots = [];
    this.isAny = false;
    this.#last = NONE;
  }

  #add(slot: number): void {
    this.#last = slot;
    if (this.slots.includes(slot)) return;
    if (this.slots.length === SLOTS_MAX) {
      this.noteAny();
      return;
    }
    if (this.isEmpty) this.#begin();
    this.slots.push(slot);
  }

  #begin(): void {
    this.#routesVersion = this.#forwarder.routes.version;
    this.#contact = this.#forwarder.contactOf(this.route);
  }
}

export class WrittenSlots {
  readonly here: WrittenPlace;
  readonly #forwarder: Forwarder;
  readonly #elsewhere = new Map<Route, WrittenPlace>();

  constructor(forwarder: Forwarder) {
    this.#forwarder = forwarder;
    this.here = new WrittenPlace(HERE, forwarder);
  }

  /** Where something was written. */
  get places(): readonly WrittenPlace[] {
    return [this.here, ...this.#elsewhere.values()].filter(({ isEmpty }) => !isEmpty);
  }

  at(route: Route): WrittenPlace {
    if (route === HERE) return this.here;
    let place = this.#elsewhere.get(route);
    if (place === undefined) this.#elsewhere.set(route, (place = new WrittenPlace(route, this.#forwarder)));
    return place;
  }

  /** The command at hand writes, and goes where the routes of its keys say. */
  noteCommand({ command, firstKey }: Entry, call: Call, router: Router): void {
    if (firstKey === 0) {
      for (const route of new Set(router.bySlot)) this.at(route).noteAny();
      return;
    }
    for (const { at } of keyPositions(command, call)) {
      const slot = router.slotAt(at);
      this.at(router.of(slot)).note(slot);
    }
  }

  /** A transaction that writes is executed at a place. */
  noteTransaction({ slot }: Transaction, place: WrittenPlace): void {
    if (slot < 0) place.noteAny();
    else place.note(slot);
  }
}
