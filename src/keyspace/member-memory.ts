/**
 * Members that were met in some sets, so that those sets need not be asked: each costs about 100 bytes and one lookup, however many sets it
 * stands for. It holds no more than it may; what it does not take has to be asked for where it is.
 */
import type { ByteView } from "./records.js";

/** Some 30 MB in all. */
const MEMBERS_MAX = 2 ** 18;
/** Longer members are not remembered. */
const MEMBER_BYTES_MAX = 64;

export class MemberMemory {
  readonly #members = new Set<string>();

  has(member: ByteView): boolean {
    return this.#members.size > 0 && isShort(member) && this.#members.has(nameOf(member));
  }

  /** Remembers a member. False if that cannot be. */
  add(member: ByteView): boolean {
    if (!isShort(member) || this.#members.size >= MEMBERS_MAX) return false;
    this.#members.add(nameOf(member));
    return true;
  }
}

function isShort({ start, end }: ByteView): boolean {
  return end - start <= MEMBER_BYTES_MAX;
}

function nameOf({ bytes, start, end }: ByteView): string {
  return bytes.toString("latin1", start, end);
}
