/**
 * What the keyspace tells of its changes. Type modules change records in place and then say here what they
 * did to the open key; whoever listens (a log, a link, a test) turns it into deltas. With no listener nothing
 * is encoded and a change costs one comparison.
 */
export interface Journal {
  /** The open key has a wholly new record: a new life. */
  replaced(): void;
  /** Text of the life (`clock`, `origin`) got `length` bytes at `offset` of its new life written over. */
  patched(predecessorClock: number, predecessorOrigin: number, offset: number, length: number): void;
  /** This node's contribution to the open counter changed. */
  counted(): void;
  /** Fields of the open hash were set or removed: all those of version `clock`. */
  fieldsChanged(clock: number, removed: readonly Buffer[]): void;
  /** The expiry register of the open key changed. */
  deadlineSet(): void;
  /** The open key was deleted by a tombstone of this clock. */
  removed(clock: number): void;
  /** All slots of a database were emptied: lives up to this clock are over. */
  flushed(database: number, clock: number): void;
}
