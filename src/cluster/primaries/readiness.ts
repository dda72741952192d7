/** How a node says by gossip that it has caught up, so that others let it execute rather than those that have not. */
import type { Digest, MemberRecord } from "../../membership/member.js";

/** A digest of a member's record without bytes. */
const READY = 2;

export function readyDigest(): Digest {
  return { tag: READY, bytes: new Uint8Array() };
}

export function isReady(record: MemberRecord | undefined): boolean {
  return record?.digests.some(({ tag }) => tag === READY) === true;
}
