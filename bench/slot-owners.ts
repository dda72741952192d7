/** Which node executes which slots, as CLUSTER SLOTS tells it. Pure. */
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import type { ReplyValue } from "#torus/protocol/reply-decoder.js";

/** Slots `first` to `last`, both included. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
}

/** The client port of the node that executes each slot; 0 where nobody does. */
export type SlotOwners = Uint16Array;

/** Of the reply to CLUSTER SLOTS: `[[first, last, [host, port, ...], ...], ...]`, the executing node before its copies. */
export function slotOwnersOf(reply: ReplyValue): SlotOwners {
  const owners = new Uint16Array(SLOT_COUNT);
  for (const range of listOf(reply)) {
    const [first, last, node] = listOf(range);
    const [, port] = listOf(node);
    owners.fill(numberOf(port), numberOf(first), numberOf(last) + 1);
  }
  return owners;
}

export function slotsOf(owners: SlotOwners, port: number): SlotRange[] {
  const ranges: { first: number; last: number }[] = [];
  for (let slot = 0; slot < owners.length; slot++) {
    if (owners[slot] !== port) continue;
    const current = ranges.at(-1);
    if (current?.last === slot - 1) current.last = slot;
    else ranges.push({ first: slot, last: slot });
  }
  return ranges;
}

/** Whether exactly the nodes at these ports share all slots. */
export function isSharedBy(owners: SlotOwners, ports: readonly number[]): boolean {
  const sharing = new Set(owners);
  return sharing.size === ports.length && ports.every((port) => sharing.has(port));
}

function listOf(value: ReplyValue | undefined): readonly ReplyValue[] {
  if (!Array.isArray(value)) throw new TypeError("the reply is no list of slots");
  return value as readonly ReplyValue[];
}

function numberOf(value: ReplyValue | undefined): number {
  if (typeof value !== "number") throw new TypeError("the reply lacks a slot or a port");
  return value;
}
