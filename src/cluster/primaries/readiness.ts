/**
 * Whether a node has caught up, as it says by gossip, so that others let it execute rather than those that have not. Pure.
 *
 * Once it has, it may come to lack something again: copies are compared then, which takes its time. It goes on executing what it
 * executes, for to give that up would be an interruption, twice; but where somebody dies others are preferred.
 */
import type { Digest, MemberRecord } from "../../membership/member.js";

/**
 * `apart`: it has not caught up since it started or gave up its slots, and executes nothing. `behind`: it had, and lacks something of what
 * another one executed.
 */
export type Readiness = "apart" | "behind" | "ready";

/** A digest of a member's record: without bytes for `ready`, with one for `behind`; `apart` has none. */
const READY = 2;
const BEHIND = 1;

/** What is so for less is not told: what the next moment ends, others would hear of too late. */
const STEADY_MS = 500;

export function readinessDigests(readiness: Readiness): readonly Digest[] {
  if (readiness === "apart") return [];
  return [{ tag: READY, bytes: readiness === "ready" ? new Uint8Array() : Uint8Array.of(BEHIND) }];
}

export function readinessOf(record: MemberRecord | undefined): Readiness {
  const digest = record?.digests.find(({ tag }) => tag === READY);
  if (digest === undefined) return "apart";
  return digest.bytes.length === 0 ? "ready" : "behind";
}

/** This node's. */
export class OwnReadiness {
  #readiness: Readiness = "apart";
  /** Since when it should be told otherwise whether this node is behind. */
  #sinceMs: number | undefined;

  get now(): Readiness {
    return this.#readiness;
  }

  /** This node has caught up, or has to anew. Answers whether that is news. */
  set(readiness: "ready" | "apart"): boolean {
    const isNews = readiness !== this.#readiness;
    this.#readiness = readiness;
    this.#sinceMs = undefined;
    return isNews;
  }

  /** Whether anything is missing, once it has caught up: to be told often. Answers whether that makes another readiness. */
  look(isLacking: boolean, nowMs: number): boolean {
    if (this.#readiness === "apart" || isLacking === (this.#readiness === "behind")) {
      this.#sinceMs = undefined;
      return false;
    }
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs < STEADY_MS) return false;
    this.#readiness = isLacking ? "behind" : "ready";
    this.#sinceMs = undefined;
    return true;
  }
}
