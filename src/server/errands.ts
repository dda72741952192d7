/**
 * Errands: requests that nodes send each other on behalf of clients, beside the clients' own. To the links they are requests like any
 * other. Only sessions that other nodes, or this one itself, speak through may send them: to clients they are unknown commands.
 *
 *     .part    route command...              the command for the slots of one node alone; replies which slots these are, and its reply
 *     .exec    slot token request...         a transaction; replies as EXEC does
 *     .watch   slot token again key...       watches keys for a client of another node, under a token; `again` is 1 if it is not new
 *     .unwatch slot token                    watches them no longer
 *     .wait    route needed ms subject...    waits so long until so many other owners have what this node executed; replies how many do, and
 *                                            1 if all do, else 0. The subject is slots, `any` of those that the node executes, or `none`; the
 *                                            number is -1 if the node does not execute one of the slots
 *
 * A route is the sender's, and means something to it alone. A token is empty if nothing is watched.
 */
import { requestOf } from "../protocol/request-builder.js";

export const PART_ERRAND = ".part";
export const EXEC_ERRAND = ".exec";
export const WATCH_ERRAND = ".watch";
export const UNWATCH_ERRAND = ".unwatch";
export const WAIT_ERRAND = ".wait";

/** Arguments before those of the errand's own subject: its name included. */
export const PART_HEAD = 2;
export const EXEC_HEAD = 3;
export const WATCH_HEAD = 4;
export const WAIT_HEAD = 4;

/** Subjects of a wait that name no slot. */
export const ANY_SLOT = "any";
export const NO_WRITES = "none";

/** Words and numbers as text, the rest as it is. */
export function errand(name: string, ...args: readonly (Uint8Array | number | string)[]): Buffer {
  return requestOf(
    [name, ...args].map((arg) => (arg instanceof Uint8Array ? arg : Buffer.from(String(arg), "latin1"))),
  );
}
