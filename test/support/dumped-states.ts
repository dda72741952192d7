import { ByteReader } from "#torus/base/byte-reader.js";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { readDelta } from "#torus/delta/delta-codec.js";
import { merge } from "#torus/delta/merge.js";
import { type Field, huskOf, isExpired, type RecordState } from "#torus/delta/record-state.js";
import { compareVersions, type Version } from "#torus/delta/version.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { KeyspaceDump } from "#torus/keyspace/keyspace-dump.js";
import { bytesOf } from "../delta/bytes-of.js";

const SMALL_PARTS = { pieceBytes: 2 ** 30, fields: 8 };

/**
 * What a dump tells of each slot, as text to compare: all records as states, expired ones as husks, without marks that floors cover, and the
 * floors. It does not depend on how records are held, nor on the order in which they are told.
 */
export function dumpedStates(keyspace: Keyspace, nowMs = keyspace.nowMs): (slot: number) => string {
  const states = new Map<string, RecordState>();
  const slots = new Map<string, number>();
  const lines: [number | null, string][] = [];
  const dump = new KeyspaceDump(keyspace, SMALL_PARTS);
  const writer = new ByteWriter({ bytesMax: 2 ** 30 });
  for (let isMore = true; isMore; writer.clear()) {
    isMore = dump.next(writer, 1);
    const reader = new ByteReader({ bytes: Buffer.from(writer.written()), start: 0, end: writer.length });
    while (reader.remaining > 0) {
      const delta = readDelta(reader)!;
      if (delta.kind === "record") {
        const name = `${delta.db}:${Buffer.from(delta.key).toString("latin1")}`;
        const known = states.get(name);
        states.set(name, known === undefined ? delta.state : merge(known, delta.state));
        slots.set(name, delta.slot);
      } else if (delta.kind === "flush" || delta.kind === "collect") {
        lines.push([delta.slot, `${delta.kind} ${delta.db} ${shown(delta.floor)}`]);
      } else {
        throw new Error(`a dump of whole texts told a ${delta.kind}`);
      }
    }
  }
  for (const [name, state] of states) {
    const { birthFloors } = keyspace.databases[Number.parseInt(name, 10)]!;
    const left = isExpired(state, nowMs)
      ? huskOf(state)
      : withoutMarks(state, birthFloors.version(slots.get(name)!));
    lines.push([slots.get(name)!, `${name} ${bytesOf(left)}`]);
  }
  const linesBySlot = new Map<number | null, string[]>();
  for (const [slot, line] of lines) linesBySlot.set(slot, [...(linesBySlot.get(slot) ?? []), line]);
  const ofAll = linesBySlot.get(null) ?? [];
  const ofAllText = ofAll.sort().join("\n");
  return (slot) => {
    const own = linesBySlot.get(slot);
    return own === undefined ? ofAllText : [...own, ...ofAll].sort().join("\n");
  };
}

/** Marks that a floor covers may have been collected or not. */
function withoutMarks(state: RecordState, floor: Version): RecordState {
  if (state.body.kind !== "hash") return state;
  const isLeft = ([, field]: [string, Field]) =>
    field.value !== null || compareVersions(field.version, floor) > 0;
  return { ...state, body: { kind: "hash", fields: new Map([...state.body.fields].filter(isLeft)) } };
}

function shown({ clock, origin }: Version): string {
  return `${clock} ${origin}`;
}
