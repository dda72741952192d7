/** Who is told of keys that have changed, and what is known of who has changed them. Keys are byte strings, one character a byte. */

/** Another node, and the client there: by the number of its link, and the number by which it calls the client. */
export interface Sender {
  readonly node: number;
  readonly session: number;
}

/** The client whose command changes a key. */
export interface Writer {
  /** For whom it stands, if another node has sent the command. */
  readonly sender: Sender | null;
}

export interface Tracker {
  /** Nobody is there any more to be told of anything. */
  readonly isGone: boolean;
  /** A key that it has read is no longer what it was; by whose command, if it was one. Nothing more is said of it until it is read again. */
  changed(key: string, writer: Writer | null): void;
  /** So is all that it has read. */
  lost(): void;
}

/** Of whoever stands for somebody who has been noted already. */
export const NOBODY: Tracker = { isGone: false, changed() {}, lost() {} };

/** What a client has asked for by CLIENT TRACKING. */
export interface TrackingMode {
  /** The client that is told in its place; 0 for itself. */
  readonly redirect: number;
  /** It is told of all keys that begin with one of the prefixes, whoever has read them. */
  readonly broadcasts: boolean;
  readonly prefixes: readonly string[];
  /** Only what it reads after CLIENT CACHING YES is tracked; all but what it reads after CLIENT CACHING NO. */
  readonly optIn: boolean;
  readonly optOut: boolean;
  /** It is not told of what it changes itself. */
  readonly noLoop: boolean;
}

export interface TrackingState extends TrackingMode {
  /** CLIENT CACHING was said, and the command that it is about is still to come. */
  isCaching: boolean;
  /** The client that was to be told in its place is gone. */
  readonly isBroken: boolean;
}
