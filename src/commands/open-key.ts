/** What several commands do to the open key, and say of it. */
import type { Keyspace } from "../keyspace/keyspace.js";

/** DEL of the open key, which must be visible. */
export function deleteOpen(keyspace: Keyspace): void {
  keyspace.remove();
  keyspace.happened("generic", "del");
}

/** EXPIRE and PERSIST of the open key: 0 takes the deadline off. */
export function setDeadline(keyspace: Keyspace, deadlineMs: number): void {
  keyspace.setDeadline(deadlineMs);
  keyspace.happened("generic", deadlineMs === 0 ? "persist" : "expire");
}
