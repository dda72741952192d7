/** What tests of quorum reads do with owners. */
import { expect } from "chai";
import { bytesOf } from "../../delta/bytes-of.js";
import { type ReadOwner, type ReadOwners, TIMEOUT_MS } from "../../support/read-owners.js";

/** How many of the owners have of a key what this one has. */
export function countWith(owner: ReadOwner, all: readonly ReadOwner[], key: string): number {
  const state = bytesOf(owner.state(key));
  return all.filter((other) => bytesOf(other.state(key)) === state).length;
}

/** Records that an owner has told or been told. */
export function travelled({ reads: { counters } }: ReadOwner): number {
  return counters.recordsPulled + counters.recordsPushed;
}

export async function confirmed({ world }: ReadOwners, owner: ReadOwner, key: string): Promise<void> {
  expect(await world.complete(owner.confirm(key))).to.equal("confirmed");
}

export async function failed({ world }: ReadOwners, owner: ReadOwner, key: string): Promise<void> {
  const fromMs = world.nowMs;
  expect(await world.complete(owner.confirm(key))).to.equal("failed");
  expect(world.nowMs - fromMs).to.be.at.most(TIMEOUT_MS);
  expect(owner.reads.pending).to.equal(0);
}
