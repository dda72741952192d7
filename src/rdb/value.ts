/** A value as a dump tells it, whatever its form there: plain data, that knows nothing of where values are kept. */
import type { Items } from "./items.js";
import type { DumpedStream } from "./stream-value.js";

export type DumpedValue =
  | { readonly kind: "text"; readonly bytes: Uint8Array }
  | { readonly kind: "list"; readonly elements: Items }
  | { readonly kind: "set"; readonly members: Items }
  /** Each field with its value behind it. */
  | { readonly kind: "hash"; readonly fields: Items }
  /** The score of each member by its number: no NaN among them. */
  | { readonly kind: "sorted set"; readonly members: Items; readonly scores: Float64Array }
  | { readonly kind: "stream"; readonly stream: DumpedStream };
