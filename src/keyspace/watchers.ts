/**
 * WATCH: who is to be told when a key changes. A registry at the keys' owner, so that every cause counts: a
 * command, expiry, eviction, flush.
 */
import { slotOf } from "../base/key-hash.js";
import type { Database } from "./database.js";
import type { Keyspace } from "./keyspace.js";

/** Hears of every change, to copy it elsewhere. */
export interface Follower {
  /** The open key of the keyspace changed, came or went. `isByItself`: no command has done that. */
  changed(keyspace: Keyspace, isByItself: boolean): void;
  /** A database was emptied, or changed places with another one. */
  flushed(): void;
}

/** Somebody whose transaction must not run once a key that it watches has changed. */
export interface Watcher {
  keysChanged: boolean;
}

interface Watched {
  readonly database: number;
  readonly key: Buffer;
  readonly watchers: Set<Watcher>;
}

export class Watchers {
  /** Watched keys and followers; the hot path asks only whether it is 0. */
  count = 0;
  readonly #byKey = new Map<string, Watched>();
  readonly #keysByWatcher = new Map<Watcher, Set<string>>();
  readonly #followers = new Set<Follower>();

  /** Lets somebody hear of every change until what is returned is called. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    this.count++;
    return () => {
      if (this.#followers.delete(follower)) this.count--;
    };
  }

  watch(watcher: Watcher, database: number, key: Buffer): void {
    const name = nameOf(database, key, 0, key.length);
    let watched = this.#byKey.get(name);
    if (!watched) {
      watched = { database, key: Buffer.from(key), watchers: new Set() };
      this.#byKey.set(name, watched);
      this.count++;
    }
    watched.watchers.add(watcher);
    let names = this.#keysByWatcher.get(watcher);
    if (!names) this.#keysByWatcher.set(watcher, (names = new Set()));
    names.add(name);
  }

  unwatch(watcher: Watcher): void {
    for (const name of this.#keysByWatcher.get(watcher) ?? []) {
      const watched = this.#byKey.get(name)!;
      watched.watchers.delete(watcher);
      if (watched.watchers.size > 0) continue;
      this.#byKey.delete(name);
      this.count--;
    }
    this.#keysByWatcher.delete(watcher);
    watcher.keysChanged = false;
  }

  /** Lets keys expire whose time has come among those that somebody watches. */
  expire(keyspace: Keyspace, watcher: Watcher): void {
    const selected = keyspace.database.number;
    for (const name of this.#keysByWatcher.get(watcher) ?? []) {
      const { database, key } = this.#byKey.get(name)!;
      keyspace.select(database);
      keyspace.peek(key, 0, key.length);
    }
    keyspace.select(selected);
  }

  /** The open key of the keyspace changed. */
  changed(keyspace: Keyspace, isByItself = false): void {
    for (const follower of this.#followers) follower.changed(keyspace, isByItself);
    if (this.#byKey.size === 0) return;
    const name = nameOf(keyspace.database.number, keyspace.bytes, keyspace.start, keyspace.end);
    const watched = this.#byKey.get(name);
    if (watched) for (const watcher of watched.watchers) watcher.keysChanged = true;
  }

  /** Nobody here hears any more of changes in slots that are `gone`: what is watched in them counts as changed. */
  lose(isGone: (slot: number) => boolean): void {
    for (const { key, watchers } of this.#byKey.values()) {
      if (!isGone(slotOf(key, 0, key.length))) continue;
      for (const watcher of watchers) watcher.keysChanged = true;
    }
  }

  /** A database is about to be emptied (or exchanged): watchers of keys that are in it, or in `other`, are told. */
  flushed(keyspace: Keyspace, database: Database, other?: Database): void {
    if (this.count === 0) return;
    for (const follower of this.#followers) follower.flushed();
    for (const watched of this.#byKey.values()) {
      if (watched.database !== database.number) continue;
      const isThere = isIn(keyspace, database, watched.key) || (other && isIn(keyspace, other, watched.key));
      if (isThere) for (const watcher of watched.watchers) watcher.keysChanged = true;
    }
  }
}

function isIn(keyspace: Keyspace, database: Database, key: Buffer): boolean {
  const selected = keyspace.database.number;
  keyspace.select(database.number);
  const isThere = keyspace.peek(key, 0, key.length) !== 0;
  keyspace.select(selected);
  return isThere;
}

function nameOf(database: number, bytes: Buffer, start: number, end: number): string {
  return `${database}:${bytes.toString("latin1", start, end)}`;
}
