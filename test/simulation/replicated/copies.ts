/** Whether the copies of a cluster are the same: each slot's owners hold the same bytes of it, and nobody else holds a record. */
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import { dumpedStates } from "../../support/dumped-states.js";
import type { Fleet } from "../cluster/fleet.js";

/** Undefined if they are; otherwise where they differ. Tombstones, husks and floors count, expired records as husks. */
export function difference(fleet: Fleet): string | undefined {
  const nodes = fleet.serving.map((name) => ({ name, ...fleet.interiorOf(name) }));
  const nowMs = Math.max(...nodes.map(({ keyspace }) => keyspace.nowMs));
  const copies = nodes.map((node) => ({ ...node, statesOf: dumpedStates(node.keyspace, nowMs) }));
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const owners = copies[0]!.view.ownersOf(slot);
    const held = copies.map(({ name, nodeId, statesOf }) => ({ name, nodeId, text: statesOf(slot) }));
    const [first, ...others] = held.filter(({ nodeId }) => owners.includes(nodeId));
    if (first === undefined) return `nobody owns slot ${slot}`;
    for (const other of others) {
      if (other.text !== first.text)
        return `of slot ${slot} ${first.name} holds\n${first.text}\n${other.name} holds\n${other.text}`;
    }
    const stranger = held.find(({ nodeId, text }) => !owners.includes(nodeId) && /^\d+:/m.test(text));
    if (stranger !== undefined)
      return `${stranger.name} holds records of slot ${slot}, which it does not own`;
  }
  return undefined;
}
