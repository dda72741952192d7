/** Walks what is in a collection, whatever its type: for commands that take lists and sets alike. A type that they are to take as well adds its walk here. */
import { formatInt64, INT64_DIGITS_MAX } from "../base/int64.js";
import type { Location } from "./arena.js";
import { EntryReader } from "./entry-reader.js";
import type { Keyspace } from "./keyspace.js";
import { ListReader } from "./list-reader.js";
import { RankedMembers } from "./ranked-members.js";
import { type RecordType, TYPE_LIST, TYPE_SET, TYPE_ZSET } from "./record.js";
import type { ByteView } from "./records.js";

/** Told each element in the order of the collection. The view is reused, and nothing may change meanwhile. */
export type VisitElement = (element: ByteView) => void;

interface Walk {
  /** Whether the order of the elements means something. */
  readonly isOrdered: boolean;
  /** `at` is that of the open record. */
  readonly forEach: (keyspace: Keyspace, at: Location, visit: VisitElement) => void;
}

const WALKS: ReadonlyMap<RecordType, Walk> = new Map<RecordType, Walk>([
  [TYPE_LIST, { isOrdered: true, forEach: walkList }],
  [TYPE_SET, { isOrdered: false, forEach: walkSet }],
  [TYPE_ZSET, { isOrdered: true, forEach: walkSortedSet }],
]);

/** How to walk a type; undefined if it is no such collection. */
export function walkOf(type: RecordType): Walk | undefined {
  return WALKS.get(type);
}

function walkList({ database }: Keyspace, at: Location, visit: VisitElement): void {
  const reader = new ListReader();
  const digits = Buffer.alloc(INT64_DIGITS_MAX);
  const view: ByteView = { bytes: digits, start: 0, end: 0 };
  reader.open(database, at);
  while (reader.nextLive()) {
    const { cursor } = reader;
    view.bytes = cursor.isInteger ? digits : cursor.bytes;
    view.start = cursor.isInteger ? 0 : cursor.valueStart;
    view.end = cursor.isInteger ? formatInt64(digits, 0, cursor.integer) : cursor.valueEnd;
    visit(view);
  }
}

function walkSet({ database }: Keyspace, at: Location, visit: VisitElement): void {
  const reader = new EntryReader();
  reader.open(database, at);
  while (reader.nextLive()) visit(reader.field);
}

function walkSortedSet(keyspace: Keyspace, _at: Location, visit: VisitElement): void {
  const members = new RankedMembers();
  members.open(keyspace);
  members.forEach({ from: 0, end: members.length }, false, ({ field }) => visit(field));
}
