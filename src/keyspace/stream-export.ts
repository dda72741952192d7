/** Tells the stream of the open key in the form of DUMP: its entries, what it knows of itself, its groups. */
import type { ByteWriter } from "../base/byte-writer.js";
import { ID_BYTES, StreamId } from "../delta/stream-id.js";
import type { DumpedGroup, DumpedPending, DumpedPendings } from "../rdb/stream-value.js";
import { StreamWriter } from "../rdb/stream-writer.js";
import type { Keyspace } from "./keyspace.js";
import { groupState } from "./open-stream.js";
import { PairCursor } from "./stream-block.js";
import type { SideItem, StreamBody } from "./stream-body.js";
import type { Consumer, GroupLife } from "./stream-group.js";

const START = new StreamId();

export function exportStream({ openStream }: Keyspace, writer: ByteWriter): void {
  const { body } = openStream;
  const stream = new StreamWriter(writer.bytesMax);
  addEntries(stream, body);
  stream.finish(writer, {
    lastId: bytesOf(body.last),
    maxDeletedId: bytesOf(body.maxDeleted),
    entriesAdded: BigInt(body.added),
    groups: body.groups().map(groupOf),
  });
}

function addEntries(stream: StreamWriter, { entries }: StreamBody): void {
  const walk = entries.iterate(START);
  const pairs = new PairCursor();
  const id = Buffer.alloc(ID_BYTES);
  while (walk.next()) {
    const fields = [];
    pairs.open(walk.item);
    while (pairs.next()) {
      const { bytes, fieldStart, fieldEnd, valueStart, valueEnd } = pairs;
      fields.push({
        field: { bytes, start: fieldStart, end: fieldEnd },
        value: { bytes, start: valueStart, end: valueEnd },
      });
    }
    walk.item.id.write(id, 0);
    stream.add(id, fields);
  }
}

function groupOf({
  name,
  item,
  life,
}: {
  readonly name: string;
  readonly item: SideItem;
  readonly life: GroupLife;
}): DumpedGroup {
  const { last, read } = groupState(item);
  const consumers = consumersOf(life);
  return {
    name: Buffer.from(name, "latin1"),
    lastId: bytesOf(last),
    entriesRead: BigInt(read),
    pending: pendingOf(life, consumers),
    consumers: consumers.map(({ name, seenMs }) => ({
      name: Buffer.from(name, "latin1"),
      seenMs,
      activeMs: seenMs,
    })),
  };
}

/** Those that clients see, and those that one side has deleted while the other delivered to them: in Redis what is pending is somebody's. */
function consumersOf(life: GroupLife): readonly Consumer[] {
  const unseen = [...life.consumers.values()].filter(
    ({ name, pending }) => pending > 0 && life.seen(name) === undefined,
  );
  return [...life.visible(), ...unseen];
}

function pendingOf(life: GroupLife, consumers: readonly Consumer[]): DumpedPendings {
  return { length: life.pending.live, [Symbol.iterator]: () => walkPending(life, consumers) };
}

function* walkPending(life: GroupLife, consumers: readonly Consumer[]): Iterator<DumpedPending> {
  const numbers = new Map(consumers.map((consumer, i) => [consumer, i]));
  const walk = life.pending.iterate(START);
  while (walk.next()) {
    const { consumer, deliveredMs, count } = life.delivery(walk.item);
    yield {
      id: bytesOf(walk.item.id),
      deliveredMs,
      deliveries: count,
      consumer: numbers.get(consumer)!,
    };
  }
}

function bytesOf(id: StreamId): Buffer {
  const bytes = Buffer.alloc(ID_BYTES);
  id.write(bytes, 0);
  return bytes;
}
