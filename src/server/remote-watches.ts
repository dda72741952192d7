/**
 * What clients of other nodes watch here, each under a token that its node has drawn. Of a token that is not known, or no longer, it
 * is not known either whether its keys have changed: whoever relies on it is told that they have.
 */
import type { Watcher, Watchers } from "../keyspace/watchers.js";

/** So many keys, and bytes of them, may be watched for other nodes: beyond that the oldest are forgotten. */
const KEYS_MAX = 65_536;
const BYTES_MAX = 16 * 1024 * 1024;

interface Watch extends Watcher {
  /** The link by which it came; null if it is this node's own. */
  readonly link: object | null;
  keyCount: number;
  byteLength: number;
}

export class RemoteWatches {
  readonly #watchers: Watchers;
  /** By token, the oldest first. */
  readonly #watches = new Map<string, Watch>();
  #keyCount = 0;
  #byteLength = 0;

  constructor(watchers: Watchers) {
    this.#watchers = watchers;
  }

  get size(): number {
    return this.#watches.size;
  }

  /** Something is watched under a token already, as its node believes. If it is not, it counts as changed. */
  expect(token: string, link: object | null): void {
    if (!this.#watches.has(token)) this.#begin(token, link).keysChanged = true;
  }

  /** Watches one more key under a token. */
  watch(token: string, link: object | null, database: number, key: Buffer): void {
    const watch = this.#watches.get(token) ?? this.#begin(token, link);
    this.#watchers.watch(watch, database, key);
    this.#count(watch, 1, key.length);
    for (const oldest of this.#watches.keys()) {
      if (this.#keyCount <= KEYS_MAX && this.#byteLength <= BYTES_MAX) break;
      this.release(oldest);
    }
  }

  find(token: string): Watcher | undefined {
    return this.#watches.get(token);
  }

  release(token: string): void {
    const watch = this.#watches.get(token);
    if (watch === undefined) return;
    this.#watchers.unwatch(watch);
    this.#watches.delete(token);
    this.#count(watch, -watch.keyCount, -watch.byteLength);
  }

  /** A link broke: the node behind it cannot tell any more what its clients still want. */
  releaseAll(link: object): void {
    for (const [token, watch] of this.#watches) if (watch.link === link) this.release(token);
  }

  #begin(token: string, link: object | null): Watch {
    const watch = { keysChanged: false, link, keyCount: 0, byteLength: 0 };
    this.#watches.set(token, watch);
    return watch;
  }

  #count(watch: Watch, keys: number, bytes: number): void {
    watch.keyCount += keys;
    watch.byteLength += bytes;
    this.#keyCount += keys;
    this.#byteLength += bytes;
  }
}
