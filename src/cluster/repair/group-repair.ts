/**
 * Repairs some slots between this node and another: compares digests of ever smaller ranges where they differ, then lists of what lies in
 * them, and lets each side tell the other one what that lacks. What either had at the beginning is merged on both at the end; what is
 * written meanwhile may be told too, or not.
 */
import { VERSION_ZERO } from "../../delta/version.js";
import type { Location } from "../../keyspace/arena.js";
import { HASH_END, type HashRange } from "../../keyspace/range-walk.js";
import { RangeDigests, wholeSlot } from "../../keyspace/slot-digest.js";
import { type DigestedItem, RangeLists } from "./digest-list.js";
import { FloorExchange } from "./floor-exchange.js";
import { compareLists } from "./list-comparison.js";
import { dropLost } from "./lost-records.js";
import type { RepairLink } from "./repair-link.js";
import type { ListedItem } from "./repair-messages.js";
import type { RepairNode } from "./repair-node.js";
import type { Want } from "./shipment.js";

/** Ranges whose digests are compared by one message. */
const COMPARED_MAX = 512;
/** A range of more records is cut into smaller ones rather than listed. */
const LISTED_OF_RANGE_MAX = 256;
/** Records on a side that are listed by one message. */
const LISTED_MAX = 8192;
/** What a range is cut into has about so many records each; and so many parts at most. */
const PART_RECORDS = 64;
const PARTS_MAX = 256;

export interface GroupCounters {
  recordsDropped: number;
}

/** A range that is not the same on both sides, and how many records, or entries, it has on each. */
interface Difference {
  readonly range: HashRange;
  readonly mine: number;
  readonly theirs: number;
}

export class GroupRepair {
  readonly #node: RepairNode;
  readonly #link: RepairLink;
  readonly #counters: GroupCounters;
  readonly #floors: FloorExchange;

  constructor(node: RepairNode, link: RepairLink, counters: GroupCounters) {
    this.#node = node;
    this.#link = link;
    this.#counters = counters;
    this.#floors = new FloorExchange(node, link);
  }

  /** Answers the slots that differed. */
  async run(slots: readonly number[]): Promise<readonly number[]> {
    let differences = await this.#compare(slots.map(wholeSlot));
    const differing = differences.map(({ range }) => range.slot);
    if (differing.length === 0) return differing;
    await this.#floors.begin();
    while (differences.length > 0) differences = await this.#compare(await this.#repair(differences));
    await this.#floors.end();
    return differing;
  }

  async #compare(ranges: readonly HashRange[]): Promise<Difference[]> {
    const differences: Difference[] = [];
    for (let next = 0; next < ranges.length; next += COMPARED_MAX) {
      const part = ranges.slice(next, next + COMPARED_MAX);
      const { atMs } = this.#link;
      const digests = new RangeDigests(this.#node.keyspace, part, atMs);
      await this.#link.work(() => digests.step());
      const compared = part.map((range, i) => ({ range, digest: digests.sums[i]! }));
      const answer = await this.#link.compare(compared, atMs);
      for (const [i, difference] of answer.entries()) {
        if (difference === undefined) continue;
        const { range, digest } = compared[i]!;
        if (difference.floors !== undefined) this.#floors.add(range.slot, difference.floors);
        differences.push({ range, mine: digest.count, theirs: difference.count });
      }
    }
    return differences;
  }

  /** Lets both sides tell what they can tell already; answers the ranges that are to be looked at more closely. */
  async #repair(differences: readonly Difference[]): Promise<HashRange[]> {
    const push: HashRange[] = [];
    const pull: HashRange[] = [];
    const listed: Difference[] = [];
    const closer: HashRange[] = [];
    for (const difference of differences) {
      const { range, mine, theirs } = difference;
      const count = Math.max(mine, theirs);
      // Floors differ, or nothing is there any more.
      if (count === 0) continue;
      if (mine === 0) pull.push(range);
      else if (theirs === 0 && !this.#floors.tellsOfLoss(range.slot)) push.push(range);
      else if (count <= LISTED_OF_RANGE_MAX || range.end - range.from === 1) listed.push(difference);
      else closer.push(...partsOf(range, count));
    }
    await this.#link.pull(pull);
    await this.#link.push(push);
    for (let next = 0; next < listed.length; ) {
      const part: HashRange[] = [];
      for (let count = 0; next < listed.length && count < LISTED_MAX; next++) {
        const { range, mine, theirs } = listed[next]!;
        part.push(range);
        count += Math.max(mine, theirs);
      }
      closer.push(...(await this.#repairLists(part)));
    }
    return closer;
  }

  /** The same of ranges with few records, by lists of them: answers ranges of fields. */
  async #repairLists(ranges: readonly HashRange[]): Promise<HashRange[]> {
    const { atMs } = this.#link;
    const listing = new RangeLists(this.#node.keyspace, ranges, atMs);
    await this.#link.work(() => listing.step());
    const listed = ranges.map((range, i) => ({ range, digests: listing.lists[i]! }));
    const answers = await this.#link.list(listed, atMs);
    const first: Want[] = [];
    const pull: Want[] = [];
    const last: Want[] = [];
    const closer: HashRange[] = [];
    for (const [i, { missing, extra }] of answers.entries()) {
      const range = ranges[i]!;
      const mine = missing.map((index) => listing.lists[i]![index]!);
      const { slot } = range;
      const floorOf = (db: number) => (range.kind === "keys" ? this.#floors.birthOf(slot, db) : VERSION_ZERO);
      const comparison = compareLists(mine, extra, floorOf);
      pull.push(...comparison.pull.map((item) => wantOf(range, item)));
      for (const item of await this.#keep(range, comparison.push, atMs)) {
        (this.#floors.tellsFirst(slot, item.db) ? first : last).push(wantOf(range, item));
      }
      const refined = new Set(await this.#keep(range, comparison.refine, atMs));
      for (const item of comparison.refine) {
        const register = refined.has(item) ? this.#registerOf(slot, item) : undefined;
        pull.push(register ?? wantOf(range, item));
        last.push(register ?? wantOf(range, item));
        if (register !== undefined) closer.push({ ...register, kind: "fields", from: 0, end: HASH_END });
      }
    }
    await this.#link.push(first);
    await this.#link.pull(pull);
    await this.#link.push(last);
    return closer;
  }

  /** Drops those of some records that are known to be gone, or to be replaced by what the other side has; answers the rest. */
  async #keep(
    range: HashRange,
    items: readonly DigestedItem[],
    atMs: number,
  ): Promise<readonly DigestedItem[]> {
    const { slot } = range;
    if (range.kind !== "keys" || items.length === 0 || !this.#floors.tellsOfLoss(slot)) return items;
    const kept: DigestedItem[] = [];
    const { keyspace } = this.#node;
    let next = 0;
    await this.#link.work(() => {
      const item = items[next++];
      if (item === undefined) return false;
      const floor = this.#floors.theirBirthOf(slot, item.db);
      if (dropLost(keyspace, { slot, item, atMs, floor })) this.#counters.recordsDropped++;
      else kept.push(item);
      return true;
    });
    return kept;
  }

  /** Undefined if the record is gone, or has a hash that others have too. */
  #registerOf(slot: number, { db, hash }: DigestedItem) {
    const { index, records } = this.#node.keyspace.databases[db]!;
    const found: Location[] = [];
    index.collect(slot, hash >>> 0, 1, found, (hash >>> 0) + 1);
    if (found.length !== 1) return undefined;
    const { bytes, start, end } = records.key(found[0]!);
    return { kind: "register", slot, db, key: Buffer.from(bytes.subarray(start, end)) } as const;
  }
}

/** The records, or fields, of the hash of an item that was listed of a range. */
function wantOf(range: HashRange, { db, hash }: ListedItem): HashRange {
  const hashes = { from: hash >>> 0, end: (hash >>> 0) + 1 };
  return range.kind === "keys" ? { kind: "keys", slot: range.slot, db, ...hashes } : { ...range, ...hashes };
}

/** Cuts a range with so many records into smaller ones. */
function partsOf(range: HashRange, count: number): HashRange[] {
  const { from, end } = range;
  const parts = Math.min(PARTS_MAX, end - from, 2 ** Math.ceil(Math.log2(count / PART_RECORDS)));
  const boundOf = (part: number) => from + Math.floor(((end - from) / parts) * part);
  return Array.from({ length: parts }, (_, i) => ({ ...range, from: boundOf(i), end: boundOf(i + 1) }));
}
