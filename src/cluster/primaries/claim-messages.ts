/** What owners of the same slots say to each other of who executes for them, by the service `claims` of a link: JSON. */
import { SlotSet } from "../slot-set.js";

export const CLAIMS_SERVICE = "claims";

export interface ClaimRequest {
  /** `claim`: who asks wants to execute for the slots; `confirm`: it does. */
  readonly kind: "claim" | "confirm";
  /** Rises with every step of the placement that it goes by, and the name of that (placement-messages.ts). */
  readonly epoch: number;
  readonly placement: string;
  /** Of a `confirm`: how many owners stand by it, itself included. */
  readonly support: number;
  readonly slots: readonly number[];
}

export type ClaimAnswer =
  /** For which of the slots it has this node's word, and what this node has of all streams (`Streams.positions`). */
  | { readonly kind: "answered"; readonly granted: readonly number[]; readonly positions: Buffer }
  /** This node goes by an older placement, or by a newer one: nothing was done. */
  | { readonly kind: "later" | "stale" };

export function encodeRequest({ slots, ...rest }: ClaimRequest): Uint8Array {
  return Buffer.from(JSON.stringify({ ...rest, slots: new SlotSet(slots).toString() }));
}

/** Undefined if it makes no sense. */
export function decodeRequest(body: Buffer): ClaimRequest | undefined {
  const value = parse(body);
  if (value === undefined) return undefined;
  const { kind, epoch, placement, support, slots } = value;
  const isKnown = kind === "claim" || kind === "confirm";
  if (!isKnown || typeof placement !== "string" || !isCount(epoch) || !isCount(support)) return undefined;
  const set = slotsOf(slots);
  return set && { kind, epoch, placement, support, slots: set };
}

export function encodeAnswer(answer: ClaimAnswer): Uint8Array {
  if (answer.kind !== "answered") return Buffer.from(JSON.stringify(answer));
  const { kind, granted, positions } = answer;
  const text = { kind, granted: new SlotSet(granted).toString(), positions: positions.toString("base64") };
  return Buffer.from(JSON.stringify(text));
}

/** Undefined if it makes no sense. */
export function decodeAnswer(body: Buffer): ClaimAnswer | undefined {
  const value = parse(body);
  if (value === undefined) return undefined;
  const { kind, granted, positions } = value;
  if (kind === "later" || kind === "stale") return { kind };
  const set = slotsOf(granted);
  if (kind !== "answered" || set === undefined || typeof positions !== "string") return undefined;
  return { kind, granted: set, positions: Buffer.from(positions, "base64") };
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
