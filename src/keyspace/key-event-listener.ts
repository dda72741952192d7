/**
 * Who hears what happens to keys, by the names that Redis gives events: https://redis.io/docs/latest/develop/use/keyspace-notifications/
 * Whoever changes something says so where it does, by `Keyspace.happened`.
 */
import type { KeyEventKind } from "../config/key-events.js";

export interface KeyEventListener {
  /** Something happened to the open key of the keyspace. Nothing may be changed meanwhile. */
  happened(kind: KeyEventKind, event: string): void;
}
