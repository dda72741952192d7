/** What the protocol is fed with, and what it asks to be done: its whole face to the world (swim.ts). */
import type { Address } from "../host/datagrams.js";
import type { Random } from "../host/random.js";
import type { AliveClaim, GoneClaim } from "./claim.js";
import type { ExchangeOutcome, Partner } from "./exchange-plan.js";
import type { ClusterId, Member, MemberRecord, NodeId } from "./member.js";
import type { Change } from "./member-table.js";
import type { Message } from "./message.js";
import type { Timings } from "./presets.js";

export interface SwimOptions {
  /** What this node says of itself at first. Its boot number is higher than in any earlier life. */
  readonly self: MemberRecord;
  /** Undefined if it has never belonged to one. */
  readonly clusterId: ClusterId | undefined;
  /** Where to look for members, for ever. */
  readonly seeds: readonly Address[];
  /** Members known from an earlier life: alive until they do not answer. */
  readonly members?: readonly MemberRecord[];
  readonly timings: Timings;
  readonly random: Random;
  readonly nowMs: number;
  /** Of a message: what a datagram holds, less what its envelope takes. */
  readonly messageBytesMax: number;
}

export type SwimEvent =
  /** The time that was asked for (`nextMs`) has come, `lateMs` ago: so long the loop was busy with something else. */
  | { readonly kind: "tick"; readonly lateMs: number }
  | { readonly kind: "message"; readonly message: Message; readonly from: Address }
  /** What a member's table says, which is no news to it: nobody is declared dead on the word of a table. */
  | { readonly kind: "learned"; readonly claims: readonly TableClaim[]; readonly from: NodeId }
  /** An exchange that was asked for is over. */
  | { readonly kind: "exchange-ended"; readonly partner: Partner; readonly outcome: ExchangeOutcome }
  /** This node belongs to a cluster from now on. */
  | { readonly kind: "adopt-cluster"; readonly clusterId: ClusterId }
  /** What this node says of itself changes. */
  | { readonly kind: "update"; readonly changes: RecordChanges }
  /** An operator says that a dead member will not come back. */
  | { readonly kind: "forget"; readonly id: NodeId }
  /** A link to a member broke (`lost`), or its host refuses connects to it (`refused`), which is as good as a proof. */
  | { readonly kind: "doubt"; readonly id: NodeId; readonly evidence: "lost" | "refused" };

/** As a table tells it: the record, and whether the member is gone. */
export type TableClaim = AliveClaim | GoneClaim;

export type RecordChanges = Partial<Omit<MemberRecord, "id" | "boot" | "incarnation">>;

export type Effect =
  | { readonly kind: "send"; readonly to: Address; readonly message: Message }
  /** Compare tables with that one, then say `exchange-ended`. */
  | { readonly kind: "exchange"; readonly partner: Partner }
  /** A member came, changed or went; this node itself is one. */
  | { readonly kind: "changed"; readonly change: Change }
  /** A departed member is forgotten for good. */
  | { readonly kind: "dropped"; readonly member: Member }
  | { readonly kind: "founded"; readonly clusterId: ClusterId }
  /** Another member has our origin and keeps it: write nothing more under it, then `update` to `free`. */
  | { readonly kind: "origin-taken"; readonly by: NodeId; readonly free: number }
  /** A later life of this node was seen, or another process lives on a copy of its data: this one must stop. */
  | { readonly kind: "superseded"; readonly reason: string }
  /** An operator had this node forgotten: what it owned is others', and it begins anew, as `joining`. */
  | { readonly kind: "forgotten"; readonly by: NodeId };

/** Counts since the start. */
export interface SwimCounters {
  probes: number;
  probesFailed: number;
  suspicions: number;
  refutations: number;
  deathsDeclared: number;
  /** Messages meant for another node, which had the address before. */
  misdirected: number;
  /** Members that found no room in the table. */
  tableFull: number;
}

export function noCounts(): SwimCounters {
  return {
    probes: 0,
    probesFailed: 0,
    suspicions: 0,
    refutations: 0,
    deathsDeclared: 0,
    misdirected: 0,
    tableFull: 0,
  };
}
