/** What nodes say to each other of the placement, by the service `placement` of a link: JSON, in which a placement is its own text. */
import { formatPlacement, isPlacedMember, type PlacedMember, type Placement } from "./placement.js";

export const PLACEMENT_SERVICE = "placement";

/** How far a node is with its part of the change under way. */
export interface Progress {
  /** All that it hands over is copied. */
  readonly isCopied: boolean;
  /** All is handed over. */
  readonly isHandedOver: boolean;
  /** Whether new owners may have what it has: nobody may have collected remains without it (replication/renewal.ts). */
  readonly isCertain: boolean;
}

/** What a node wants. */
export type Wish =
  | { readonly kind: "join"; readonly node: PlacedMember }
  | { readonly kind: "leave"; readonly id: string }
  | ForgetWish;

/** To give nodes up, together. `isForced`: even if slots are lost with them of which there is no other copy. */
export interface ForgetWish {
  readonly kind: "forget";
  readonly ids: readonly string[];
  readonly isForced: boolean;
}

/** What nodes ask each other. As JSON; a placement is its own text. */
export type PlacementRequest =
  /** Have the placement of that name if yours is older, and say what you have. `isAgreed`: all have it. Without text: you had it. */
  | {
      readonly kind: "poll";
      readonly name: string;
      readonly placement: string | null;
      readonly isAgreed: boolean;
    }
  /** Take the step to a placement if what you have is exactly the base. */
  | { readonly kind: "propose"; readonly base: string; readonly placement: string }
  | { readonly kind: "wish"; readonly wish: Wish };

export type PlacementAnswer =
  /** Without text: that of the name which was asked for. */
  | ({ readonly kind: "has"; readonly placement: string | null } & Progress)
  | { readonly kind: "taken"; readonly isTaken: boolean }
  | { readonly kind: "noted"; readonly refusal: string | null };

/** Whether it is a wish that can be granted as it stands: one that cannot would be in the way of all others. */
export function isWish(value: unknown): value is Wish {
  const { kind, node, id } = (value ?? {}) as Record<string, unknown>;
  if (kind === "join") return isPlacedMember(node);
  return (kind === "leave" && typeof id === "string") || isForgetWish(value);
}

export function isForgetWish(value: unknown): value is ForgetWish {
  const { kind, ids, isForced } = (value ?? {}) as Record<string, unknown>;
  const areIds = Array.isArray(ids) && ids.length > 0 && ids.every((each) => typeof each === "string");
  return kind === "forget" && areIds && typeof isForced === "boolean";
}

/** Of all placements of a cluster that anybody takes, no two that differ have one name. */
export function nameOf({ epoch, by }: Placement): string {
  return `${epoch} ${by}`;
}

/** Asks what a node has, telling it what it may not have; `isText`: as a text, for it may not have it. */
export function pollOf(placement: Placement, { isAgreed = false, isText = true } = {}): PlacementRequest {
  const text = isText ? formatPlacement(placement) : null;
  return { kind: "poll", name: nameOf(placement), placement: text, isAgreed };
}

export function encodeMessage(message: PlacementRequest | PlacementAnswer): Uint8Array {
  return Buffer.from(JSON.stringify(message));
}

/** Throws if it is no JSON. What it says is for who gets it to doubt. */
export function decodeMessage(body: Buffer): unknown {
  return JSON.parse(body.toString());
}
