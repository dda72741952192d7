/** How far groups of a stream have read, as Redis counts it: exact while nothing was deleted among what is ahead, else an estimate or unknown. */
import { StreamId } from "../delta/stream-id.js";
import { oneMore, readStamp } from "../delta/stream-items.js";
import { groupState, READ_UNKNOWN } from "../keyspace/open-stream.js";
import type { SideItem, StreamBody } from "../keyspace/stream-body.js";
import type { GroupLife } from "../keyspace/stream-group.js";

const first = new StreamId();

/** The life of a group that there is. */
export function lifeOf(stream: StreamBody, name: string, group: SideItem): GroupLife {
  return stream.life(name, readStamp(group.value!, 0));
}

/** Whether an entry was deleted from an id on, behind the first that there is. */
function hasDeletedFrom(stream: StreamBody, id: StreamId): boolean {
  const { entries, maxDeleted } = stream;
  if (entries.live === 0 || maxDeleted.isZero || id.compare(maxDeleted) > 0) return false;
  return stream.firstId(first).compare(maxDeleted) <= 0;
}

/** How many entries there were up to an id, those that are gone too; `READ_UNKNOWN` if that cannot be told. */
function distanceTo(stream: StreamBody, id: StreamId): number {
  const { added, entries, last, maxDeleted } = stream;
  if (added === 0) return 0;
  // Another owner may have set the count back while entries were added here, and a dump may tell any.
  if (added < entries.live) return READ_UNKNOWN;
  const order = id.compare(last);
  if (entries.live === 0 && order < 1) return added;
  if (order === 0) return added;
  if (order > 0) return READ_UNKNOWN;
  stream.firstId(first);
  if (!maxDeleted.isZero && maxDeleted.compare(first) >= 0) return READ_UNKNOWN;
  const toFirst = id.compare(first);
  if (toFirst < 0) return added - entries.live;
  return toFirst === 0 ? added - entries.live + 1 : READ_UNKNOWN;
}

/** What a group has read that has read `read` entries before it reads the one of an id. */
export function readBy(stream: StreamBody, id: StreamId, read: number): number {
  if (read !== READ_UNKNOWN && !hasDeletedFrom(stream, id)) return oneMore(read);
  return stream.added > 0 ? distanceTo(stream, id) : read;
}

/** How many entries a group has still to read; undefined if that cannot be told. */
export function lagOf(stream: StreamBody, group: SideItem): number | undefined {
  if (stream.added === 0) return 0;
  const { last, read } = groupState(group);
  if (read !== READ_UNKNOWN && !hasDeletedFrom(stream, last)) return stream.added - read;
  const distance = distanceTo(stream, last);
  return distance === READ_UNKNOWN ? undefined : stream.added - distance;
}
