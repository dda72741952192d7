/** What owners of the same slots say to each other of who executes for them, by the service `claims` of a link: JSON. */
import { SlotSet } from "../slot-set.js";
import type { Words } from "./words.js";

export const CLAIMS_SERVICE = "claims";

export interface ClaimRequest {
  /** `claim`: who asks wants to execute for the slots; `confirm`: it does. */
  readonly kind: "claim" | "confirm";
  /** Rises with every step of the placement that it goes by, and the name of that (placement-messages.ts). */
  readonly epoch: number;
  readonly placement: string;
  /** Of a `confirm`: how many owners stand by it, itself included. */
  readonly support: number;
  /** The number of the last word of who is asked that it has settled: it has what that one had when it gave it. */
  readonly settled: number;
  readonly slots: readonly number[];
}

/** Of slots that were asked for: see `Verdicts`. */
export interface Grants {
  readonly granted: readonly number[];
  readonly anew: readonly number[];
  readonly lent: readonly number[];
}

export type ClaimAnswer =
  /** What this node has of all streams (`Streams.positions`), beside. */
  | ({ readonly kind: "answered"; readonly words: Words; readonly positions: Buffer } & Grants)
  /** This node goes by an older placement, or by a newer one: nothing was done. */
  | { readonly kind: "later" | "stale" };

export function encodeRequest({ slots, ...rest }: ClaimRequest): Uint8Array {
  return Buffer.from(JSON.stringify({ ...rest, slots: new SlotSet(slots).toString() }));
}

/** Undefined if it makes no sense. */
export function decodeRequest(body: Buffer): ClaimRequest | undefined {
  const value = parse(body);
  if (value === undefined) return undefined;
  const { kind, epoch, placement, support, settled, slots } = value;
  const isKnown = kind === "claim" || kind === "confirm";
  if (!isKnown || typeof placement !== "string") return undefined;
  if (!isCount(epoch) || !isCount(support) || !isCount(settled)) return undefined;
  const set = slotsOf(slots);
  return set && { kind, epoch, placement, support, settled, slots: set };
}

export function encodeAnswer(answer: ClaimAnswer): Uint8Array {
  if (answer.kind !== "answered") return Buffer.from(JSON.stringify(answer));
  const { positions, granted, anew, lent } = answer;
  const text = {
    ...answer,
    granted: new SlotSet(granted).toString(),
    anew: new SlotSet(anew).toString(),
    lent: new SlotSet(lent).toString(),
    positions: positions.toString("base64"),
  };
  return Buffer.from(JSON.stringify(text));
}

/** Undefined if it makes no sense. */
export function decodeAnswer(body: Buffer): ClaimAnswer | undefined {
  const value = parse(body);
  if (value === undefined) return undefined;
  const { kind, positions } = value;
  if (kind === "later" || kind === "stale") return { kind };
  const words = wordsOf(value.words);
  const [granted, anew, lent] = [slotsOf(value.granted), slotsOf(value.anew), slotsOf(value.lent)];
  if (kind !== "answered" || words === undefined || typeof positions !== "string") return undefined;
  if (granted === undefined || anew === undefined || lent === undefined) return undefined;
  return { kind, words, granted, anew, lent, positions: Buffer.from(positions, "base64") };
}

function wordsOf(value: unknown): Words | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { boot, given, taken } = value as Record<string, unknown>;
  return isCount(boot) && isCount(given) && isCount(taken) ? { boot, given, taken } : undefined;
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function slotsOf(text: unknown): number[] | undefined {
  return typeof text === "string" ? SlotSet.parse(text)?.slots() : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
