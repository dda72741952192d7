/**
 * One reply of a server as it stood on the wire: every RESP2 and RESP3 type is kept apart, so that two
 * servers are equal only if a client of either protocol could not tell their replies apart.
 */
export type Reply =
  | { readonly kind: "status"; readonly text: string }
  | { readonly kind: "error"; readonly text: string }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "bulk"; readonly bytes: Buffer }
  /** RESP2 `$-1`. */
  | { readonly kind: "nil" }
  /** RESP2 `*-1`. */
  | { readonly kind: "nil-array" }
  /** RESP3 `_`. */
  | { readonly kind: "null" }
  | { readonly kind: "boolean"; readonly value: boolean }
  /** The digits as sent: formatting is part of what is compared. */
  | { readonly kind: "double"; readonly text: string }
  | { readonly kind: "big-number"; readonly text: string }
  | { readonly kind: "verbatim"; readonly format: string; readonly bytes: Buffer }
  | { readonly kind: "array" | "set" | "push"; readonly items: readonly Reply[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [Reply, Reply])[] };

/** The text of a status, an error or a string (one character a byte), or the digits of a number; else undefined. */
export function textOf(reply: Reply): string | undefined {
  switch (reply.kind) {
    case "status":
    case "error":
    case "double":
    case "big-number":
      return reply.text;
    case "integer":
      return reply.value.toString();
    case "bulk":
    case "verbatim":
      return reply.bytes.toString("latin1");
    default:
      return undefined;
  }
}
