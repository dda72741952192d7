/**
 * Repairs some slots between this node and another: compares digests of ever smaller ranges where they differ, then lists of what lies in
 * them, and lets each side tell the other one what that lacks. What either had at the beginning is merged on both at the end; what is
 * written meanwhile may be told too, or not.
 *
 * A slot of which this side was *left out* took a birth floor without it: of that slot it tells only what began a life since. It is stale if there is
 * anything else that the other side does not have like that. A slot of which the other side was left out is for that one to begin with.
 *
 * A slot is *stale* if this side is not whole, and they differ in what a birth floor of the other one covers, or its own if the other is
 * whole. This side has then missed, or lost, what all had merged, maybe a deletion whose tombstone has been collected since, and to merge
 * would bring back what was deleted. It tells what it has that no floor covers, forgets the slot and lets itself be told all of it.
 */
import { ByteWriter } from "../../base/byte-writer.js";
import { writeForget } from "../../delta/delta-codec.js";
import { compareVersions, VERSION_ZERO } from "../../delta/version.js";
import type { Location } from "../../keyspace/arena.js";
import type { Keyspace } from "../../keyspace/keyspace.js";
import { HASH_END, type HashRange } from "../../keyspace/range-walk.js";
import { wholeSlot } from "../../keyspace/slot-digest.js";
import { SlotEraser } from "../../keyspace/slot-eraser.js";
import { newestClock } from "../../keyspace/succession.js";
import { type DigestedItem, LISTED_OF_RANGE_MAX, RangeLists, surveyOf } from "./digest-list.js";
import { FloorExchange } from "./floor-exchange.js";
import { type Comparison, compareLists } from "./list-comparison.js";
import type { ListedItems } from "./listed-items.js";
import type { RepairLink } from "./repair-link.js";
import type { ListedItem } from "./repair-messages.js";
import type { LeftOut, RepairNode } from "./repair-node.js";
import type { RegisterWant, Want } from "./shipment.js";

/** Ranges whose digests are compared by one message. */
const COMPARED_MAX = 512;
/** Records on a side that are listed by one message. */
const LISTED_MAX = 8192;
/** What a range is cut into has about so many records each; and so many parts at most. */
const PART_RECORDS = 64;
const PARTS_MAX = 256;
const FORGET_BYTES_MAX = 16;

export interface GroupCounters {
  slotsRenewed: number;
}

export interface GroupRepairOptions {
  readonly node: RepairNode;
  readonly link: RepairLink;
  readonly counters: GroupCounters;
  /** Whether most of the slots may be expected to differ. */
  readonly mostDiffer: boolean;
  readonly leftOut: LeftOut;
}

/** A range that is not the same on both sides, and how many records, or entries, it has on each. */
interface Difference {
  readonly range: HashRange;
  readonly mine: number;
  readonly theirs: number;
  /** All that lies in it, if that is known of both sides. */
  readonly lists: { readonly mine: readonly DigestedItem[]; readonly theirs: ListedItems } | null;
}

/** What of a range is not alike on the other side, and what of it on that side is not alike here. */
interface Unlike {
  readonly range: HashRange;
  readonly mine: readonly DigestedItem[];
  readonly theirs: readonly ListedItem[];
}

/** What is to be told: by this side, then by the other one, then by this side; and what is to be looked at more closely. */
interface Telling {
  readonly first: Want[];
  readonly pull: Want[];
  readonly last: Want[];
  readonly closer: HashRange[];
}

export class GroupRepair {
  readonly #node: RepairNode;
  readonly #link: RepairLink;
  readonly #counters: GroupCounters;
  readonly #leftOut: LeftOut;
  readonly #floors: FloorExchange;
  readonly #stale = new Set<number>();
  /** What is compared next is mostly different, it seems: then it is listed at once, and nothing is walked twice. */
  #mostDiffer: boolean;

  constructor({ node, link, counters, mostDiffer, leftOut }: GroupRepairOptions) {
    this.#node = node;
    this.#link = link;
    this.#counters = counters;
    this.#mostDiffer = mostDiffer;
    this.#leftOut = leftOut;
    this.#floors = new FloorExchange(node, link, leftOut);
  }

  /** Answers how many slots differed. */
  async run(slots: readonly number[]): Promise<number> {
    const { mine, theirs } = this.#leftOut;
    // Those the other side renews itself. Of those in which each left out the other one floors tell (`isTheirsToRenew`).
    const own = slots.filter((slot) => theirs?.has(slot) !== true || mine?.has(slot) === true);
    let differences = await this.#compare(own.map(wholeSlot));
    const differing = differences.length;
    if (differing === 0) return 0;
    await this.#floors.begin();
    while (differences.length > 0) differences = await this.#compare(await this.#repair(differences));
    for (const slot of this.#stale) await this.#node.renewals.take(slot, () => this.#renew(slot));
    await this.#floors.end();
    return differing;
  }

  async #compare(ranges: readonly HashRange[]): Promise<Difference[]> {
    const differences: Difference[] = [];
    for (let next = 0; next < ranges.length; next += COMPARED_MAX) {
      const part = ranges.slice(next, next + COMPARED_MAX);
      const how = { atMs: this.#link.atMs, isListed: this.#mostDiffer };
      const survey = surveyOf(this.#node.keyspace, part, how);
      await this.#link.work(() => survey.step());
      const compared = part.map((range, i) => ({ range, digest: survey.sums[i]! }));
      const answer = await this.#link.compare({ ...how, ranges: compared });
      for (const [i, difference] of answer.entries()) {
        if (difference === undefined) continue;
        const { range, digest } = compared[i]!;
        const { count: theirs, floors, items } = difference;
        if (floors !== undefined) this.#floors.add(range.slot, floors);
        if (this.#floors.isTheirsToRenew(range.slot)) {
          this.#floors.leave(range.slot);
          continue;
        }
        const list = survey.lists?.[i];
        const lists = list === undefined || items === undefined ? null : { mine: list, theirs: items };
        differences.push({ range, mine: digest.count, theirs, lists });
      }
    }
    this.#mostDiffer = 2 * differences.length > ranges.length;
    return differences;
  }

  /** Lets both sides tell what they can tell already; answers the ranges that are to be looked at more closely. */
  async #repair(differences: readonly Difference[]): Promise<HashRange[]> {
    const push: HashRange[] = [];
    const pull: HashRange[] = [];
    const listed: Difference[] = [];
    const known: Difference[] = [];
    const closer: HashRange[] = [];
    for (const difference of differences) {
      const { range, mine, theirs } = difference;
      const count = Math.max(mine, theirs);
      // Floors differ, or nothing is there any more.
      if (count === 0) continue;
      const isListed = this.#mayBeStale(range.slot);
      if (mine === 0 && !isListed.theirs) pull.push(range);
      else if (theirs === 0 && !isListed.mine) push.push(range);
      else if (difference.lists !== null) known.push(difference);
      else if (count <= LISTED_OF_RANGE_MAX || range.end - range.from === 1) listed.push(difference);
      else closer.push(...partsOf(range, count));
    }
    await this.#link.pull(pull);
    await this.#link.push(push);
    closer.push(...(await this.#repairItems(await this.#unlikeOf(known))));
    for (let next = 0; next < listed.length; ) {
      const part: HashRange[] = [];
      for (let count = 0; next < listed.length && count < LISTED_MAX; next++) {
        const { range, mine, theirs } = listed[next]!;
        part.push(range);
        count += Math.max(mine, theirs);
      }
      closer.push(...(await this.#repairItems(await this.#list(part))));
    }
    return closer;
  }

  /** Finds in lists that are here what is not alike. */
  async #unlikeOf(listed: readonly Difference[]): Promise<Unlike[]> {
    const unlike: Unlike[] = [];
    await this.#link.work(() => {
      const difference = listed[unlike.length];
      if (difference === undefined) return false;
      const { mine, theirs } = difference.lists!;
      const { missing, extra } = theirs.differenceFrom(mine);
      unlike.push({ range: difference.range, mine: missing.map((index) => mine[index]!), theirs: extra });
      return true;
    });
    return unlike;
  }

  /** Finds by lists what is not alike in ranges with few records. */
  async #list(ranges: readonly HashRange[]): Promise<Unlike[]> {
    const { atMs } = this.#link;
    const listing = new RangeLists(this.#node.keyspace, ranges, { atMs });
    await this.#link.work(() => listing.step());
    const listed = ranges.map((range, i) => ({ range, digests: listing.lists[i]! }));
    const answers = await this.#link.list(listed, atMs);
    return answers.map(({ missing, extra }, i) => {
      const { range, digests } = listed[i]!;
      return { range, mine: missing.map((index) => digests[index]!), theirs: extra };
    });
  }

  /** Lets both sides tell what is not alike; answers ranges of fields that are to be looked at more closely. */
  async #repairItems(unlike: readonly Unlike[]): Promise<HashRange[]> {
    const telling: Telling = { first: [], pull: [], last: [], closer: [] };
    let next = 0;
    await this.#link.work(() => {
      const range = unlike[next++];
      if (range !== undefined) this.#decide(range, telling);
      return range !== undefined;
    });
    const { first, pull, last, closer } = telling;
    await this.#link.push(first);
    await this.#link.pull(pull);
    await this.#link.push(last);
    return closer;
  }

  /** Who tells what of a range. */
  #decide({ range, mine, theirs }: Unlike, { first, pull, last, closer }: Telling): void {
    const { slot } = range;
    const floorOf = (db: number) => (range.kind === "keys" ? this.#floors.birthOf(slot, db) : VERSION_ZERO);
    const comparison = this.#sinceLeftOut(range, compareLists(mine, theirs, floorOf));
    this.#findStale(range, comparison);
    for (const item of comparison.pull) pull.push(wantOf(range, item));
    for (const item of comparison.push) {
      (this.#floors.tellsFirst(slot, item.db) ? first : last).push(wantOf(range, item));
    }
    for (const item of comparison.refine) {
      const register = this.#registerOf(slot, item);
      pull.push(register ?? wantOf(range, item));
      last.push(register ?? wantOf(range, item));
      if (register !== undefined) closer.push({ ...register, kind: "fields", from: 0, end: HASH_END });
    }
  }

  // ---- Stale slots ----

  /** Whether records of this side, or of the other one, may show that a slot is stale. */
  #mayBeStale(slot: number): { readonly mine: boolean; readonly theirs: boolean } {
    const isLeftOut = this.#floors.isLeftOut(slot);
    if (!this.#floors.isOverruled(slot) || this.#stale.has(slot)) return { mine: isLeftOut, theirs: false };
    const { mine, theirs } = this.#floors.hasBirths(slot);
    // Records are covered by the floor of the other side.
    return { mine: theirs || isLeftOut, theirs: mine && this.#floors.isOutdone(slot) };
  }

  /**
   * Where this side was left out it tells what began a life above the floor, and nothing else: of a life below nobody knows whether it had ended
   * before something was added to it here.
   */
  #sinceLeftOut({ kind, slot }: HashRange, comparison: Comparison): Comparison {
    if (kind === "fields" || !this.#floors.isLeftOut(slot)) return comparison;
    const isSince = ({ db, version }: ListedItem) =>
      compareVersions(version, this.#floors.theirBirthOf(slot, db)) > 0;
    const push = comparison.push.filter(isSince);
    const refine = comparison.refine.filter(isSince);
    const isAll = push.length === comparison.push.length && refine.length === comparison.refine.length;
    if (!isAll) this.#stale.add(slot);
    return { ...comparison, push, refine };
  }

  #findStale(range: HashRange, { push, refine, lacking }: Comparison): void {
    const { slot } = range;
    const mayBe = this.#mayBeStale(slot);
    const isStale =
      (mayBe.mine && [...push, ...refine].some((item) => this.#isCovered(range, item))) ||
      (mayBe.theirs &&
        lacking.some(({ db, version }) => compareVersions(version, this.#floors.myBirthOf(slot, db)) < 0));
    if (isStale) this.#stale.add(slot);
  }

  /** Whether the other side's floor covers all that this side has of an item, which it would not take then. */
  #isCovered({ kind, slot }: HashRange, { db, hash, version }: DigestedItem): boolean {
    const floor = this.#floors.theirBirthOf(slot, db);
    if (kind === "fields") return compareVersions(version, floor) < 0;
    const database = this.#node.keyspace.databases[db]!;
    return this.#find(slot, db, hash).some((at) => newestClock(database, at) < floor.clock);
  }

  async #renew(slot: number): Promise<void> {
    const { keyspace } = this.#node;
    const eraser = new SlotEraser(keyspace, slot);
    await this.#link.work(() => {
      const selected = keyspace.database.number;
      const isMore = eraser.step();
      keyspace.select(selected);
      if (!isMore) tellForgotten(keyspace, slot);
      return isMore;
    });
    await this.#link.pull([wholeSlot(slot)]);
    await this.#floors.renew(slot);
    this.#counters.slotsRenewed++;
  }

  // ---- Records by their hashes ----

  /** Undefined if the record is gone, or has a hash that others have too. */
  #registerOf(slot: number, { db, hash }: DigestedItem): RegisterWant | undefined {
    const found = this.#find(slot, db, hash);
    if (found.length !== 1) return undefined;
    const { bytes, start, end } = this.#node.keyspace.databases[db]!.records.key(found[0]!);
    return { kind: "register", slot, db, key: Buffer.from(bytes.subarray(start, end)) };
  }

  #find(slot: number, db: number, hash: number): Location[] {
    const found: Location[] = [];
    const from = hash >>> 0;
    this.#node.keyspace.databases[db]!.index.collect(slot, from, 1, found, from + 1);
    return found;
  }
}

/** For this node's own log: other owners have the slot as before. */
function tellForgotten({ journal }: Keyspace, slot: number): void {
  if (journal === null) return;
  const writer = new ByteWriter({ capacityBytes: FORGET_BYTES_MAX, bytesMax: FORGET_BYTES_MAX });
  writeForget(writer, slot);
  journal.applied({ bytes: writer.bytes, start: 0, end: writer.length }, slot);
  journal.ended();
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
