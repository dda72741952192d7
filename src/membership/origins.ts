/**
 * Origins are drawn at random by nodes that do not know each other, and must be unique: two writers of one origin would overwrite each
 * other's contributions to counters. So whoever finds another member with the same one settles it by itself,
 * without a word: of the two the one that may have written under it keeps it, and if that does not decide,
 * the one of the smaller id. The other draws a new one before it writes on.
 *
 * Members that died or left keep theirs as long as they are known: what they wrote may still be about.
 */
import type { Random } from "../host/random.js";
import { below } from "./draws.js";
import type { Member, MemberRecord } from "./member.js";

const ORIGIN_MAX = 0xffff;

/** Whether `self` has to give its origin up to `other`. */
export function mustYieldOrigin(self: MemberRecord, other: MemberRecord): boolean {
  if (self.origin !== other.origin || self.id === other.id) return false;
  // Who is joining owns nothing and has written nothing.
  const [isNew, isOtherNew] = [self.lifecycle === "joining", other.lifecycle === "joining"];
  return isNew === isOtherNew ? self.id > other.id : isNew;
}

/** An origin that no member has. There are always some: tables hold far fewer members than there are origins. */
export function drawOrigin(members: Iterable<Member>, random: Random): number {
  const taken = new Set<number>();
  for (const { record } of members) taken.add(record.origin);
  let origin = 1 + below(random, ORIGIN_MAX);
  while (taken.has(origin)) origin = origin === ORIGIN_MAX ? 1 : origin + 1;
  return origin;
}
