/** Whether the copies of a cluster are the same: each slot's owners hold the same bytes of it, and nobody else holds a record. */
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { dumpedStates } from "../../support/dumped-states.js";
import type { Fleet } from "../cluster/fleet.js";

export interface Difference {
  readonly what: string;
  /** One of the keys that it is about, if it is about keys. */
  readonly key: string | undefined;
}

const LINES_SHOWN = 3;
const LINE_LENGTH_SHOWN = 200;

/** Undefined if they are. Tombstones, husks and floors count, expired records as husks. */
export function difference(fleet: Fleet): Difference | undefined {
  const nodes = fleet.serving.map((name) => ({ name, ...fleet.interiorOf(name)! }));
  const nowMs = Math.max(...nodes.map(({ keyspace }) => keyspace.nowMs));
  const copies = nodes.map((node) => ({ ...node, statesOf: dumpedStates(node.keyspace, nowMs) }));
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const owners = copies[0]!.view.ownersOf(slot);
    let first: (typeof copies)[number] | undefined;
    for (const copy of copies) {
      const states = copy.statesOf(slot);
      if (!owners.includes(copy.nodeId)) {
        const record = linesOf(states).find((line) => keyOf(line) !== undefined);
        if (record !== undefined) {
          const what = `${copy.name} holds of slot ${slot}, which it does not own, ${shown([record])}`;
          return { what, key: keyOf(record) };
        }
        continue;
      }
      first ??= copy;
      if (states !== first.statesOf(slot)) return differing(slot, first, copy);
    }
    if (first === undefined) return { what: `nobody owns slot ${slot}`, key: undefined };
  }
  return undefined;
}

interface Copy {
  readonly name: string;
  readonly statesOf: (slot: number) => string;
}

function differing(slot: number, one: Copy, other: Copy): Difference {
  const [ofOne, ofOther] = [linesOf(one.statesOf(slot)), linesOf(other.statesOf(slot))];
  const onlyOne = ofOne.filter((line) => !ofOther.includes(line));
  const onlyOther = ofOther.filter((line) => !ofOne.includes(line));
  const what = `of slot ${slot} only ${one.name} holds ${shown(onlyOne)} and only ${other.name} holds ${shown(onlyOther)}`;
  return { what, key: [...onlyOne, ...onlyOther].map(keyOf).find((key) => key !== undefined) };
}

/** The key of a record's line, `0:key bytes`; undefined of the line of a floor. */
function keyOf(line: string): string | undefined {
  return /^\d+:(.*) /.exec(line)?.[1];
}

function linesOf(states: string): readonly string[] {
  return states === "" ? [] : states.split("\n");
}

function shown(lines: readonly string[]): string {
  if (lines.length === 0) return "nothing";
  return lines
    .slice(0, LINES_SHOWN)
    .map((line) => line.slice(0, LINE_LENGTH_SHOWN))
    .join("; ");
}
