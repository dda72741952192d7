/**
 * What is known of a member. A record is what a member says of itself: only it writes one, and of two the one of the
 * higher (boot, incarnation) holds, so that names, addresses and all else may change under an id. What others believe
 * of it (that it is suspect, or dead) is no part of its record.
 */

/** 32 hexadecimal digits, drawn by the node itself and kept in its data directory. */
export type NodeId = string;

/** 32 hexadecimal digits, drawn when the cluster was founded. */
export type ClusterId = string;
export const CLUSTER_ID_FORM = /^[0-9a-f]{32}$/;

/**
 * `joining`: known, and owner of nothing yet. `active`: an owner, dead or alive. `leaving`: hands over what it owns.
 * `left`: gone for good, by its own word.
 */
export type Lifecycle = "joining" | "active" | "leaving" | "left";

/** As bytes: a lifecycle's number is its place here, so new ones go to the end. */
export const lifecycles: readonly Lifecycle[] = ["joining", "active", "leaving", "left"];

/** Which life of a member something is said of. `boot` counts its starts, `incarnation` what it said of itself since. */
export interface MemberVersion {
  readonly boot: number;
  readonly incarnation: number;
}

export interface MemberRecord extends MemberVersion {
  readonly id: NodeId;
  /** 1 to 65535: tells this node's versions of data from those of others. Of two members no two are the same. */
  readonly origin: number;
  readonly lifecycle: Lifecycle;
  /** For people. Up to 64 bytes of UTF-8, as the zone. */
  readonly name: string;
  /** What fails together: a rack, a data centre. Copies are spread over distinct ones. */
  readonly zone: string;
  /** How others reach it: an IP address or a name, up to 255 printable ASCII characters. */
  readonly host: string;
  /** 0 for none, as the HTTP port. */
  readonly clientPort: number;
  readonly clusterPort: number;
  readonly httpPort: number;
  /** Share of the keys against a member of weight 1; in hundredths, up to 655. */
  readonly weight: number;
  /** Version of the state that members share beside the table (the ring): who sees a higher one asks for it. */
  readonly stateVersion: number;
  /** Lowest and highest version of the peer protocol that it speaks, 0 to 255. */
  readonly protocolMin: number;
  readonly protocolMax: number;
  /** Small facts of layers above. A member passes on those that it does not know. */
  readonly digests: readonly Digest[];
}

export interface Digest {
  /** 0 to 255: what the bytes mean. */
  readonly tag: number;
  readonly bytes: Uint8Array;
}

/** Together these keep a record well within one datagram. */
export const NAME_BYTES_MAX = 64;
export const HOST_BYTES_MAX = 255;
export const DIGESTS_BYTES_MAX = 256;

/**
 * What this node believes of a member. `forgotten`: an operator said that it will not come back. The order is the rank:
 * of what is said of one version, the higher rank holds.
 */
export type Status = "alive" | "suspect" | "dead" | "forgotten";

export const statuses: readonly Status[] = ["alive", "suspect", "dead", "forgotten"];

/** A member as the table holds it. */
export interface Member {
  readonly record: MemberRecord;
  readonly status: Status;
  /** Whether slots are its own, by what members share beside the table: its record may not say so yet. */
  readonly isOwner: boolean;
  /** Since when it has that status, by the monotonic clock. */
  readonly sinceMs: number;
}

/** Negative, zero or positive, as `one` is older, the same, or newer. */
export function compareVersions(one: MemberVersion, other: MemberVersion): number {
  return one.boot - other.boot || one.incarnation - other.incarnation;
}

/** Whether it takes part: it is probed and told news. */
export function isPresent({ record, status }: Pick<Member, "record" | "status">): boolean {
  return (status === "alive" || status === "suspect") && record.lifecycle !== "left";
}

/**
 * Whether it is gone and nobody waits for it: it is dropped after a while. A dead owner is not: it stays known, and so
 * does its share of the ring, until it is back, leaves, or is forgotten. One that died as soon as it owned something may be
 * remembered as joining.
 */
export function isDeparted({ record, status, isOwner }: Member): boolean {
  if (status === "forgotten" || record.lifecycle === "left") return true;
  return status === "dead" && record.lifecycle === "joining" && !isOwner;
}
