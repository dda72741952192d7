/**
 * Clients that hear of all keys with some prefix. What changes in a turn of the loop is told when it is over: to each client once for
 * each of its prefixes, all keys together.
 */
import type { Timers } from "../host/timers.js";
import { Invalidation } from "../tracking/invalidation.js";
import type { Writer } from "../tracking/tracker.js";
import type { ClientTracking } from "./client-tracking.js";

/** With more keys in a turn all counts as changed. */
const KEYS_MAX = 65_536;

export class PrefixBroadcasts {
  readonly #timers: Timers;
  readonly #byPrefix = new Map<string, Set<ClientTracking>>();
  /** Keys, and by whom alone they were changed; null if by others too. */
  #changed = new Map<string, Writer | null>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get isEmpty(): boolean {
    return this.#byPrefix.size === 0;
  }

  get prefixes(): readonly string[] {
    return [...this.#byPrefix.keys()];
  }

  get prefixCount(): number {
    return this.#byPrefix.size;
  }

  /** Answers whether somebody wants a prefix now that nobody wanted. */
  add(client: ClientTracking): boolean {
    const before = this.#byPrefix.size;
    for (const prefix of client.prefixes) {
      const clients = this.#byPrefix.get(prefix);
      if (clients === undefined) this.#byPrefix.set(prefix, new Set([client]));
      else clients.add(client);
    }
    return this.#byPrefix.size > before;
  }

  /** Answers whether nobody wants a prefix any more that somebody wanted. */
  remove(client: ClientTracking): boolean {
    const before = this.#byPrefix.size;
    for (const prefix of client.prefixes) {
      const clients = this.#byPrefix.get(prefix);
      if (clients?.delete(client) && clients.size === 0) this.#byPrefix.delete(prefix);
    }
    return this.#byPrefix.size < before;
  }

  note(key: string, writer: Writer | null): void {
    const changed = this.#changed;
    if (changed.size === 0) this.#timers.afterTurn(() => this.#tell());
    const before = changed.get(key);
    if (before === undefined) {
      if (changed.size < KEYS_MAX) changed.set(key, writer);
    } else if (before !== writer) {
      changed.set(key, null);
    }
  }

  /** All keys count as changed. */
  lost(): void {
    for (const client of new Set([...this.#byPrefix.values()].flatMap((clients) => [...clients])))
      client.lost();
  }

  #tell(): void {
    const changed = this.#changed;
    this.#changed = new Map();
    if (changed.size >= KEYS_MAX) {
      this.lost();
      return;
    }
    for (const [prefix, clients] of this.#byPrefix) {
      const keys = [...changed.keys()].filter((key) => key.startsWith(prefix));
      if (keys.length === 0) continue;
      const all = new Invalidation(keys);
      for (const client of clients) {
        if (!client.noLoop) {
          client.tell(all);
          continue;
        }
        const others = keys.filter((key) => !client.isOwn(changed.get(key)!));
        if (others.length > 0) client.tell(new Invalidation(others));
      }
    }
  }
}
