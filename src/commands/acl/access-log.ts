/** What users were denied: https://redis.io/docs/latest/commands/acl-log/ */
import Denque from "denque";

/** What was denied, in ACL LOG's words. */
export type Reason = "auth" | "channel" | "command" | "key";

export interface AccessFact {
  readonly reason: Reason;
  readonly context: "multi" | "toplevel";
  /** The command, the key or the channel. */
  readonly object: string;
  readonly username: string;
  /** A line as in CLIENT LIST. */
  readonly client: string;
}

export interface AccessLogEntry extends AccessFact {
  /** How often it happened. */
  readonly count: number;
  /** When last, in wall-clock milliseconds. */
  readonly atMs: number;
}

/** The same again within a minute is one entry, as long as it is among the latest ten. */
const JOINED_MS_MAX = 60_000;
const SEARCHED_MAX = 10;
/** Names and keys may be as long as values; so much of each text is kept. */
export const KEPT_BYTES_MAX = 1024;

export class AccessLog {
  readonly #entries = new Denque<AccessLogEntry>();

  /** `lengthMax` is read at each use, since CONFIG SET may change it. */
  constructor(private readonly lengthMax: () => number) {}

  get length(): number {
    return this.#entries.length;
  }

  add({ object, username, client, ...others }: AccessFact, nowMs: number): void {
    const entries = this.#entries;
    const texts = { object: shortened(object), username: shortened(username), client: shortened(client) };
    const fact = { ...others, ...texts };
    let count = 1;
    for (let i = 0; i < Math.min(entries.length, SEARCHED_MAX); i++) {
      const entry = entries.peekAt(i)!;
      if (!isSame(entry, fact) || nowMs - entry.atMs > JOINED_MS_MAX) continue;
      count += entry.count;
      entries.removeOne(i);
      break;
    }
    entries.unshift({ ...fact, count, atMs: nowMs });
    while (entries.length > this.lengthMax()) entries.pop();
  }

  /** The latest entries, latest first. */
  latest(count: number): AccessLogEntry[] {
    return this.#entries.toArray().slice(0, count);
  }

  clear(): void {
    this.#entries.clear();
  }
}

/** By way of bytes: a slice of a string holds all of that. */
function shortened(text: string): string {
  if (text.length <= KEPT_BYTES_MAX) return text;
  return `${Buffer.from(text.slice(0, KEPT_BYTES_MAX), "latin1").toString("latin1")}...`;
}

function isSame(one: AccessFact, other: AccessFact): boolean {
  return (
    one.reason === other.reason &&
    one.context === other.context &&
    one.object === other.object &&
    one.username === other.username
  );
}
