/**
 * Where the live entries are of tables that are nearly all marks of removed fields, such as that of a queue which others copy: to draw
 * from one is to meet marks, and to walk it too. A list is made when somebody first asks for it, and from then on every change of the
 * table changes it, so that the walk that made it is not repeated.
 */
import type { Location } from "./arena.js";

/** A longer list is given up: of so many entries a draw meets one soon enough. To find one in it takes some microseconds. */
const LENGTH_MAX = 4096;
/** A list is made of no more: then it is not given up at once. */
const MADE_LENGTH_MAX = LENGTH_MAX / 2;
/** With more lists the oldest goes: all take some MiB. */
const LISTS_MAX = 256;
/** A smaller table is walked, and so is one with fewer marks to an entry. */
const ENTRIES_MIN = 64;
const MARKS_PER_ENTRY_MIN = 3;

/** Entries of a table. */
export interface Counts {
  readonly live: number;
  readonly all: number;
}

export class LiveLists {
  readonly #byTable = new Map<number, Location[]>();

  /** Whether there is no list at all. */
  get isEmpty(): boolean {
    return this.#byTable.size === 0;
  }

  /** Whether a table of these counts is to have a list. */
  static isWorth({ live, all }: Counts): boolean {
    return live <= MADE_LENGTH_MAX && all >= ENTRIES_MIN && all - live > live * MARKS_PER_ENTRY_MIN;
  }

  /** The list of a table, if it has one. It changes with the table. */
  of(table: number): readonly Location[] | undefined {
    return this.#byTable.get(table);
  }

  /** Takes over the list of all live entries of a table. */
  keep(table: number, list: Location[]): void {
    if (this.#byTable.size >= LISTS_MAX) {
      const [oldest] = this.#byTable.keys();
      this.#byTable.delete(oldest!);
    }
    this.#byTable.set(table, list);
  }

  drop(table: number): void {
    this.#byTable.delete(table);
  }

  added(table: number, at: Location): void {
    const list = this.#byTable.get(table);
    if (list === undefined) return;
    if (list.length === LENGTH_MAX) this.drop(table);
    else list.push(at);
  }

  removed(table: number, at: Location): void {
    const list = this.#byTable.get(table);
    if (list === undefined) return;
    const last = list.pop()!;
    if (last !== at) list[list.indexOf(at)] = last;
  }

  moved(table: number, from: Location, to: Location): void {
    const list = this.#byTable.get(table);
    if (list !== undefined) list[list.indexOf(from)] = to;
  }
}
