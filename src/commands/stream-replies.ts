/** Entries of streams in replies. */
import { ID_DIGITS_MAX, StreamId } from "../delta/stream-id.js";
import type { IdRow } from "../keyspace/id-row.js";
import { ItemCursor, PairCursor } from "../keyspace/stream-block.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";

const pairs = new PairCursor();

/** The text of the id that was shown last: the milliseconds of the next are mostly the same. */
const digits = Buffer.alloc(ID_DIGITS_MAX);
const shown = new StreamId();
let seqAt = shown.formatMs(digits, 0);

export function replyId(reply: ReplyWriter, id: StreamId): void {
  if (!id.hasMsOf(shown)) {
    shown.copyFrom(id);
    seqAt = id.formatMs(digits, 0);
  }
  reply.bulk(digits, 0, id.formatSeq(digits, seqAt));
}

/** The entry at hand: its id, and fields and values. */
export function replyEntry(reply: ReplyWriter, item: ItemCursor): void {
  reply.array(2);
  replyId(reply, item.id);
  pairs.open(item);
  reply.array(2 * pairs.count());
  while (pairs.next()) {
    reply.bulk(pairs.bytes, pairs.fieldStart, pairs.fieldEnd);
    reply.bulk(pairs.bytes, pairs.valueStart, pairs.valueEnd);
  }
}

export interface IdRange {
  readonly start: StreamId;
  readonly end: StreamId;
}

/** Shows the items in a range that were not removed, up to `count`, and answers how many it has shown. */
export function forEachIn(
  row: IdRow,
  { start, end }: IdRange,
  count: number,
  visit: (item: ItemCursor) => void,
): number {
  const items = row.iterate(start);
  let shown = 0;
  for (; shown < count && items.next() && items.item.id.compare(end) <= 0; shown++) visit(items.item);
  return shown;
}

/** The same from the last to the first. */
export function forEachBackwards(
  row: IdRow,
  { start, end }: IdRange,
  count: number,
  visit: (item: ItemCursor) => void,
): number {
  if (row.length === 0) return 0;
  const cursor = new ItemCursor();
  let shown = 0;
  for (let i = row.blockOf(end); i >= 0 && shown < count; i--) {
    // Items follow from those before them: those of a block are found from its beginning, and shown from its end.
    const places: number[] = [];
    row.openBlock(i, cursor);
    while (cursor.nextLive() && cursor.id.compare(end) <= 0) {
      if (cursor.id.compare(start) >= 0) places.push(cursor.start);
    }
    if (places.length === 0) {
      row.openBlock(i, cursor);
      if (cursor.next() && cursor.id.compare(start) < 0) break;
      continue;
    }
    shown += showBackwards(row, i, places, count - shown, visit);
  }
  return shown;
}

/** Items of a block between two that are remembered on the way: walking back goes by stretches of so many. */
const STRETCH = 16;

interface Remembered {
  readonly id: StreamId;
  readonly clock: number;
  readonly origin: number;
  readonly end: number;
}

function showBackwards(
  row: IdRow,
  block: number,
  places: readonly number[],
  count: number,
  visit: (item: ItemCursor) => void,
): number {
  const first = Math.max(0, places.length - count);
  const cursor = new ItemCursor();
  const remembered: Remembered[] = [];
  row.openBlock(block, cursor);
  const remember = () =>
    remembered.push({
      id: new StreamId().copyFrom(cursor.id),
      clock: cursor.clock,
      origin: cursor.origin,
      end: cursor.end,
    });
  for (let k = 0; k < places.length; k++) {
    if (k % STRETCH === 0) {
      // Before this one, whatever there is.
      while (cursor.end < places[k]!) cursor.step();
      remember();
    }
    while (cursor.start < places[k]! || cursor.end === cursor.blockStart) cursor.step();
  }
  for (let k = places.length - 1; k >= first; k--) {
    const { id, clock, origin, end } = remembered[Math.floor(k / STRETCH)]!;
    cursor.resume(id, clock, origin, end);
    while (cursor.end <= places[k]!) cursor.step();
    visit(cursor);
  }
  return places.length - first;
}
