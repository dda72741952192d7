/**
 * The floors of slots that are repaired, on both sides, and when each side takes those of the other.
 *
 * Flush floors come first: nothing is told in vain. So do birth floors at a side that is whole, for it has all that they cover, and what was
 * born under them must find them there (rules 4 and 5 of docs/formats/delta.md). A side that is not whole takes them last, when it has been
 * told all: with the floor it takes what the floor covers for known, and ignores it from then on.
 *
 * Who has a birth floor has all that it covers, whole or not: the floor comes behind all of that in its log, of which it can have lost no more
 * than the end.
 */
import { ByteWriter } from "../../base/byte-writer.js";
import { beginBatch, endBatch } from "../../delta/batch.js";
import type { CollectDelta, FlushDelta } from "../../delta/delta.js";
import { writeDelta } from "../../delta/delta-codec.js";
import { compareVersions, maxVersion, VERSION_ZERO, type Version } from "../../delta/version.js";
import type { RepairLink } from "./repair-link.js";
import type { DatabaseFloors, FloorsOfSlot } from "./repair-messages.js";
import { floorsOf, type LeftOut, type RepairNode } from "./repair-node.js";

/** Two floors of each database. */
const BATCH_BYTES_MAX = 2 ** 16;

type FloorDelta = FlushDelta | CollectDelta;

interface Side {
  readonly isWhole: boolean;
  readonly byDatabase: ReadonlyMap<number, DatabaseFloors>;
}

interface Slot {
  readonly slot: number;
  readonly mine: Side;
  readonly theirs: Side;
}

export class FloorExchange {
  readonly #node: RepairNode;
  readonly #link: RepairLink;
  readonly #leftOut: LeftOut;
  readonly #slots = new Map<number, Slot>();

  constructor(node: RepairNode, link: RepairLink, leftOut: LeftOut) {
    this.#node = node;
    this.#link = link;
    this.#leftOut = leftOut;
  }

  /** A slot that differs, and its floors on the other side. */
  add(slot: number, theirs: FloorsOfSlot): void {
    const { keyspace, isWhole } = this.#node;
    const isMine = isWhole(slot) && this.#leftOut.mine?.has(slot) !== true;
    const mine = { isWhole: isMine, floors: floorsOf(keyspace, slot) };
    this.#slots.set(slot, { slot, mine: sideOf(mine), theirs: sideOf(theirs) });
  }

  /** Up to here lives count as one once both sides have the same floors. */
  birthOf(slot: number, db: number): Version {
    const { mine, theirs } = this.#slots.get(slot)!;
    return maxVersion(birthOf(mine, db), birthOf(theirs, db));
  }

  myBirthOf(slot: number, db: number): Version {
    return birthOf(this.#slots.get(slot)!.mine, db);
  }

  theirBirthOf(slot: number, db: number): Version {
    return birthOf(this.#slots.get(slot)!.theirs, db);
  }

  /** Whether a side knows of any birth floor. */
  hasBirths(slot: number): { readonly mine: boolean; readonly theirs: boolean } {
    const { mine, theirs } = this.#slots.get(slot)!;
    return { mine: hasBirth(mine), theirs: hasBirth(theirs) };
  }

  /**
   * Whether this side has to tell before it is told: it is yet to take a birth floor, and until then what it hears of lives born at that
   * floor would win over what it has to add to them.
   */
  tellsFirst(slot: number, db: number): boolean {
    const { mine, theirs } = this.#slots.get(slot)!;
    return !mine.isWhole && compareVersions(birthOf(mine, db), birthOf(theirs, db)) < 0;
  }

  /** Whether remains were collected without this side, as a birth floor of the other one tells that is news here. */
  isLeftOut(slot: number): boolean {
    const { mine, theirs } = this.#slots.get(slot)!;
    return this.#leftOut.mine?.has(slot) === true && birthNews(slot, theirs, mine).length > 0;
  }

  /**
   * Whether remains were collected without the other side. Each side may have been about to go on without the other one in the same slot: only one
   * of them found enough others to do so, and has a floor.
   */
  isTheirsToRenew(slot: number): boolean {
    const { mine, theirs } = this.#slots.get(slot)!;
    const hasNews = this.#leftOut.theirs?.has(slot) === true && birthNews(slot, mine, theirs).length > 0;
    return hasNews && !this.isLeftOut(slot);
  }

  /** The slot is left to the other side. */
  leave(slot: number): void {
    this.#slots.delete(slot);
  }

  /** Whether this side is wrong where it has otherwise what a birth floor of the other one covers: it is not whole. */
  isOverruled(slot: number): boolean {
    const { mine, theirs } = this.#slots.get(slot)!;
    return !mine.isWhole && (theirs.isWhole || birthNews(slot, theirs, mine).length > 0);
  }

  /** The same of what its own floor covers: the other side is whole. */
  isOutdone(slot: number): boolean {
    const { mine, theirs } = this.#slots.get(slot)!;
    return !mine.isWhole && theirs.isWhole;
  }

  /** Lets both sides have the floors that come first. */
  async begin(): Promise<void> {
    await this.#exchange(flushNews, () => true);
    await this.#exchange(birthNews, ({ isWhole }) => isWhole);
  }

  /** Lets this side have the rest: all that lies in the slots has been told to it. */
  async end(): Promise<void> {
    await this.#exchange(birthNews, ({ isWhole }) => !isWhole, { isTold: false });
  }

  /** Lets this side, which has forgotten the slot and been told all of it, have all floors that either side had. */
  async renew(slot: number): Promise<void> {
    const { mine, theirs } = this.#slots.get(slot)!;
    const nothing = sideOf({ isWhole: false, floors: [] });
    const deltas = [theirs, mine].flatMap((side) => [
      ...flushNews(slot, side, nothing),
      ...birthNews(slot, side, nothing),
    ]);
    const batch = batchOf(deltas);
    if (batch !== undefined) await this.#link.merge(batch);
  }

  /** Lets those sides that are `due` have floors of the other one. */
  async #exchange(news: News, isDue: (side: Side) => boolean, { isTold = true } = {}): Promise<void> {
    const outgoing: Buffer[] = [];
    for (const { slot, mine, theirs } of this.#slots.values()) {
      const incoming = isDue(mine) ? batchOf(news(slot, theirs, mine)) : undefined;
      if (incoming !== undefined) await this.#node.renewals.take(slot, () => this.#link.merge(incoming));
      const batch = isTold && isDue(theirs) ? batchOf(news(slot, mine, theirs)) : undefined;
      if (batch !== undefined) outgoing.push(batch);
    }
    await this.#link.tell(outgoing);
  }
}

function hasBirth({ byDatabase }: Side): boolean {
  for (const { birth } of byDatabase.values()) if (birth.clock > 0) return true;
  return false;
}

/** What floors of one side tell the other. */
type News = (slot: number, from: Side, to: Side) => FloorDelta[];

function flushNews(slot: number, { byDatabase }: Side, to: Side): FloorDelta[] {
  return [...byDatabase.values()].flatMap(({ db, flush }) => {
    const isNews = compareVersions(flush, to.byDatabase.get(db)?.flush ?? VERSION_ZERO) > 0;
    return isNews ? [{ kind: "flush", db, slot, floor: flush }] : [];
  });
}

function birthNews(slot: number, { byDatabase }: Side, to: Side): FloorDelta[] {
  return [...byDatabase.values()].flatMap(({ db, birth }) => {
    const isNews = compareVersions(birth, birthOf(to, db)) > 0;
    return isNews ? [{ kind: "collect", db, slot, floor: birth }] : [];
  });
}

function sideOf({ isWhole, floors }: FloorsOfSlot): Side {
  return { isWhole, byDatabase: new Map(floors.map((each) => [each.db, each])) };
}

function birthOf({ byDatabase }: Side, db: number): Version {
  return byDatabase.get(db)?.birth ?? VERSION_ZERO;
}

/** Undefined if there is nothing to tell. */
function batchOf(deltas: readonly FloorDelta[]): Buffer | undefined {
  if (deltas.length === 0) return undefined;
  const writer = new ByteWriter({ capacityBytes: 64, bytesMax: BATCH_BYTES_MAX });
  const start = beginBatch(writer);
  for (const delta of deltas) writeDelta(writer, delta);
  endBatch(writer, start);
  return writer.written();
}
