/** What members tell each other of members. Claims merge (member-table.ts): in any order, any number of times. */
import type { MemberRecord, MemberVersion, NodeId } from "./member.js";

export type Claim = AliveClaim | SuspectClaim | GoneClaim;

/** What a member says of itself, passed on by anyone. */
export interface AliveClaim {
  readonly kind: "alive";
  readonly record: MemberRecord;
}

/** It did not answer. `accusers` are those whose probes failed: the more there are, the shorter the suspicion. */
export interface SuspectClaim extends MemberVersion {
  readonly kind: "suspect";
  readonly id: NodeId;
  readonly accusers: readonly NodeId[];
}

/** `by` says so: a suspicion ran out, or an operator forgot the member. */
export interface GoneClaim extends MemberVersion {
  readonly kind: "dead" | "forgotten";
  readonly id: NodeId;
  readonly by: NodeId;
}

/** More confirmations than these tell nothing new (Lifeguard, section IV.B: K = 3, and the first). */
export const ACCUSERS_MAX = 4;

export function idOf(claim: Claim): NodeId {
  return claim.kind === "alive" ? claim.record.id : claim.id;
}

export function versionOf(claim: Claim): MemberVersion {
  return claim.kind === "alive" ? claim.record : claim;
}
