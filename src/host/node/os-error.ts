import { HostError } from "../host-error.js";

/** What Node throws or emits for a failed system call, as the `HostError` that the interfaces promise. */
export function toHostError(error: unknown): HostError {
  if (error instanceof HostError) return error;
  // Trying several addresses of one name fails with an aggregate, whose own message is empty.
  const cause = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new HostError(codeOf(cause) ?? "UNKNOWN", message);
}

/** The operating system's name of an error (`ENOENT`), or undefined where it has none. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
