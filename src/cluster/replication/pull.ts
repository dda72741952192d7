/** What is asked of another owner that has received more of a node than this one has. */
import type { Outcome } from "../peer-link.js";

export interface Pull {
  /** Whose stream. */
  readonly nodeId: string;
  readonly boot: number;
  /** Who is asked for it. */
  readonly owner: string;
  /** What lies behind this position is asked for. */
  readonly from: number;
  /** All, or what concerns these slots. */
  readonly slots: readonly number[] | null;
  /** Asks the owner that has it. */
  readonly ask: Ask;
}

/** Of another owner: its link's. */
export type Ask = (service: string, body: Uint8Array, timeoutMs: number) => Promise<Outcome>;

export type PullOutcome =
  /** `isWhole`: nothing was missing that it builds on. */
  | { readonly kind: "pulled"; readonly to: number; readonly isWhole: boolean }
  /** The other owner does not have it either. */
  | { readonly kind: "gap" }
  /** It could not be asked, or answered what makes no sense. */
  | { readonly kind: "failed"; readonly reason: string };
