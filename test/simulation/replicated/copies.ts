/** Whether the copies of a cluster are the same: each slot's owners hold the same bytes of it, and nobody else holds a record. */
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { dumpedStates } from "../../support/dumped-states.js";
import type { Fleet } from "../cluster/fleet.js";

/** Undefined if they are; otherwise where they differ. Tombstones, husks and floors count, expired records as husks. */
export function difference(fleet: Fleet): string | undefined {
  const nodes = fleet.serving.map((name) => ({ name, ...fleet.interiorOf(name)! }));
  const nowMs = Math.max(...nodes.map(({ keyspace }) => keyspace.nowMs));
  const copies = nodes.map((node) => ({ ...node, statesOf: dumpedStates(node.keyspace, nowMs) }));
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const owners = copies[0]!.view.ownersOf(slot);
    let first: (typeof copies)[number] | undefined;
    for (const copy of copies) {
      const states = copy.statesOf(slot);
      if (!owners.includes(copy.nodeId)) {
        const [record] = states.match(/^\d+:.*$/m) ?? [];
        if (record !== undefined)
          return `${copy.name} holds of slot ${slot}, which it does not own, ${record}`;
        continue;
      }
      first ??= copy;
      const others = first.statesOf(slot);
      if (states !== others)
        return `of slot ${slot} ${first.name} holds\n${others}\n${copy.name} holds\n${states}`;
    }
    if (first === undefined) return `nobody owns slot ${slot}`;
  }
  return undefined;
}
