/**
 * Client-side caching: who is told when a key changes that it has read, or that has a prefix of its. A registry at the node that executes a
 * key's commands, as WATCH's is, so that every cause counts; for clients of other nodes those nodes are entered, which enter their clients.
 *
 * Invariant: whoever is taken out of the table is told, behind the replies to what it had asked for by then. So a client that forgets
 * what it is told of keeps nothing that has changed (docs/decisions/0033).
 */
import { SLOT_COUNT, slotOf } from "../base/key-hash.js";
import { HERE, type SlotRoutes } from "../cluster/slot-routes.js";
import type { Call } from "../commands/call.js";
import type { Command } from "../commands/command.js";
import { keyPositions } from "../commands/command-facts.js";
import type { Cancel, Timers } from "../host/timers.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { Follower } from "../keyspace/watchers.js";
import type { ChangeElsewhere, TrackingCounts, TrackingNode, TrackingRelay } from "../tracking/relay.js";
import { NOBODY, type Tracker, type TrackingMode, type Writer } from "../tracking/tracker.js";
import { TrackingTable } from "../tracking/tracking-table.js";
import type { Client } from "./client.js";
import { ClientTracking } from "./client-tracking.js";
import { PrefixBroadcasts } from "./prefix-broadcasts.js";

/** Longer keys are not kept: who reads one is told at once that all may have changed. */
const KEY_BYTES_MAX = 64 * 1024;
/** Keys, and who has read them, take no more; the option bounds how many keys there are. */
const TABLE_BYTES_MAX = 256 * 1024 * 1024;
/** Keys that are given up at once when a table is too full, for each that comes, and a few times a second. */
const GIVEN_UP_PER_KEY = 2;
const GIVEN_UP_PER_PERIOD = 1000;
/** If more keys than that are lost with slots or a link, everybody is told that all may have changed: telling of each would take too long. */
const LOST_KEYS_MAX = 1024;
/** What slots mean that change hands is told together. */
const GONE_MS = 10;

export interface KeyTrackingOptions {
  readonly keyspace: Keyspace;
  readonly timers: Timers;
  /** Of option `tracking-table-max-keys`: 0 for no limit. */
  readonly keysMax: () => number;
  /** A client by its number. */
  readonly find: (id: number) => Client | undefined;
  /** The client whose command is being executed. */
  readonly writer: () => Client | null;
}

export class KeyTracking implements Follower, TrackingNode {
  relay: TrackingRelay | null = null;
  readonly #options: KeyTrackingOptions;
  readonly #table = new TrackingTable();
  readonly #clients = new Set<ClientTracking>();
  /** Of clients that do not track at present: as in Redis, who begins again is told of what it had read before, if that has not changed meanwhile. */
  readonly #paused = new Map<Client, ClientTracking>();
  readonly #broadcasts: PrefixBroadcasts;
  #unfollow: (() => void) | null = null;
  /** Everybody has been told in this turn that all has changed, and nothing was read since: FLUSHALL flushes each database and slot. */
  #isLossTold = false;
  #routes: SlotRoutes | null = null;
  /** Routes as they were at their last change, while anybody tracks anything. */
  readonly #known = new Uint16Array(SLOT_COUNT);
  /** By slot, 1 if its route has changed and nobody was told yet what that means. */
  #gone = new Uint8Array(SLOT_COUNT);
  #cancelGone: Cancel | undefined;

  constructor(options: KeyTrackingOptions) {
    this.#options = options;
    this.#broadcasts = new PrefixBroadcasts(options.timers);
  }

  get counts(): TrackingCounts {
    const { keyCount, itemCount } = this.#table;
    return {
      clients: this.#clients.size,
      keys: keyCount,
      items: itemCount,
      prefixes: this.#broadcasts.prefixCount,
      relay: this.relay?.counters ?? null,
    };
  }

  // ---- Clients ----

  /** Begins to track for a client, or goes on in another way. Resolves when other nodes know what they must; null if they do. */
  begin(client: Client, mode: TrackingMode): Promise<void> | null {
    const tracking =
      client.tracking ?? this.#paused.get(client) ?? new ClientTracking(client, this.#options.find);
    tracking.begin(mode);
    client.tracking = tracking;
    this.#paused.delete(client);
    this.#clients.add(tracking);
    this.#isLossTold = false;
    this.#follow();
    if (!mode.broadcasts) return null;
    if (this.#broadcasts.add(tracking)) this.relay?.prefixesChanged();
    // Others may be about to hear of a prefix that another client was there first to want.
    return this.relay?.prefixesHeard() ?? null;
  }

  end(client: Client): void {
    const { tracking } = client;
    if (tracking === null) return;
    if (this.#broadcasts.remove(tracking)) this.relay?.prefixesChanged();
    tracking.pause();
    client.tracking = null;
    this.#paused.set(client, tracking);
    this.#clients.delete(tracking);
  }

  /** A client is gone. */
  forget(client: Client): void {
    this.end(client);
    this.#paused.get(client)?.end();
    this.#paused.delete(client);
  }

  // ---- Reads ----

  /** A command of a client that tracks was executed, or sent. */
  executed(tracking: ClientTracking, isAboutClients: boolean): void {
    this.#isLossTold = false;
    tracking.executed(isAboutClients);
  }

  /** Whatever the command at hand reads is tracked by somebody from now on. */
  remember(call: Call, command: Command, tracker: Tracker): void {
    this.#isLossTold = false;
    if (tracker === NOBODY || !command.flags.includes("readonly") || command.group === "pubsub") return;
    const { bytes } = call;
    const keys: string[] = [];
    for (const { at } of keyPositions(command, call)) {
      const start = call.start(at);
      const end = call.end(at);
      if (end - start > KEY_BYTES_MAX) {
        // The client's own node tells it; another one would tell all of that node's.
        if (tracker instanceof ClientTracking) tracker.lost();
        continue;
      }
      const key = bytes.toString("latin1", start, end);
      keys.push(key);
      this.#table.remember(slotOf(bytes, start, end), key, tracker);
    }
    if (command.flags.includes("blocking") && tracker instanceof ClientTracking) tracker.awaits(keys);
    this.#follow();
    this.#giveUp(GIVEN_UP_PER_KEY * keys.length);
  }

  /** A few times a second. */
  tidy(): void {
    this.#giveUp(GIVEN_UP_PER_PERIOD);
    // Of what other nodes track nobody knows whether they still want it.
    if (this.#clients.size + this.#paused.size === 0 && this.relay === null) this.#table.clear();
    if (this.#unfollow === null || this.#isNeeded) return;
    this.#unfollow();
    this.#unfollow = null;
  }

  #giveUp(effort: number): void {
    const table = this.#table;
    const keysMax = this.#options.keysMax();
    for (let i = 0; i < effort; i++) {
      const isFull = (keysMax > 0 && table.keyCount > keysMax) || table.memoryBytes > TABLE_BYTES_MAX;
      const old = isFull ? table.takeOld() : undefined;
      if (old === undefined) return;
      for (const tracker of old.trackers) tracker.changed(old.key, null);
    }
  }

  // ---- Changes ----

  changed(keyspace: Keyspace, isByItself: boolean): void {
    const { slot, bytes, start, end } = keyspace;
    // Of what another node executes that one tells.
    const isBroadcast = this.#isBroadcasting && !keyspace.isHidden(slot);
    if (!isBroadcast && !this.#table.hasSlot(slot)) return;
    if (end - start > KEY_BYTES_MAX) {
      if (isBroadcast) this.#loseBroadcasts();
      return;
    }
    const key = bytes.toString("latin1", start, end);
    const writer = isByItself ? null : this.#options.writer();
    if (isBroadcast) {
      this.#note(key, writer);
      if (this.relay?.wantsPrefixes) this.relay.broadcast(key, writer);
    }
    this.#invalidate(slot, key, writer);
  }

  /** As Redis does for whichever database it is. */
  flushed(): void {
    if (!this.#isLossTold) this.#loseAll();
  }

  #invalidate(slot: number, key: string, writer: Writer | null): void {
    for (const tracker of this.#table.take(slot, key)) tracker.changed(key, writer);
  }

  #note(key: string, writer: Writer | null): void {
    if (!this.#broadcasts.isEmpty) this.#broadcasts.note(key, writer);
  }

  #loseBroadcasts(): void {
    this.#broadcasts.lost();
    this.relay?.lost();
  }

  #loseAll(): void {
    if (!this.#isLossTold)
      this.#options.timers.afterTurn(() => {
        this.#isLossTold = false;
      });
    this.#isLossTold = true;
    this.#table.clear();
    for (const tracking of this.#clients) tracking.lost();
    this.relay?.lost();
  }

  /** What is in these slots counts as changed. */
  #lose(isGone: (slot: number) => boolean): void {
    if (this.#table.countIn(isGone) > LOST_KEYS_MAX) {
      this.#loseAll();
      return;
    }
    for (const { key, trackers } of this.#table.takeSlots(isGone)) {
      for (const tracker of trackers) tracker.changed(key, null);
    }
    this.#broadcasts.lost();
  }

  // ---- Other nodes ----

  /** From now on other nodes execute the slots whose route says so. Until what is returned is called. */
  followRoutes(routes: SlotRoutes): () => void {
    this.#routes = routes;
    const unsubscribe = routes.subscribe(() => this.#routesChanged(routes));
    return () => {
      unsubscribe();
      this.#cancelGone?.();
    };
  }

  #routesChanged({ bySlot }: SlotRoutes): void {
    if (this.#unfollow === null) return;
    const known = this.#known;
    const gone = this.#gone;
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (known[slot] !== bySlot[slot]) gone[slot] = 1;
    known.set(bySlot);
    // Slots change hands one after the other, thousands of them.
    this.#cancelGone ??= this.#options.timers.after(GONE_MS, () => this.#loseGone());
  }

  #loseGone(): void {
    const gone = this.#gone;
    this.#gone = new Uint8Array(SLOT_COUNT);
    this.#cancelGone = undefined;
    if (this.#isNeeded) this.#lose((slot) => gone[slot] === 1);
  }

  get prefixes(): readonly string[] {
    return this.#broadcasts.prefixes;
  }

  wantsChanged(): void {
    if (this.#isNeeded) this.#follow();
  }

  changedElsewhere({ key, session }: ChangeElsewhere): void {
    const bytes = Buffer.from(key, "latin1");
    this.#invalidate(slotOf(bytes, 0, bytes.length), key, this.#writerOf(session));
  }

  broadcastElsewhere({ key, session }: ChangeElsewhere): void {
    this.#note(key, this.#writerOf(session));
  }

  lostElsewhere(node: number): void {
    const routes = this.#routes;
    if (routes === null || !this.#isNeeded || node === HERE) return;
    this.#lose((slot) => routes.of(slot) === node);
  }

  prefixesUnheard(): void {
    this.#broadcasts.lost();
  }

  #writerOf(session: number): Client | null {
    return session === 0 ? null : (this.#options.find(session) ?? null);
  }

  // ---- Whether anybody tracks anything ----

  get #isBroadcasting(): boolean {
    return !this.#broadcasts.isEmpty || this.relay?.wantsPrefixes === true;
  }

  get #isNeeded(): boolean {
    return this.#clients.size > 0 || this.#table.keyCount > 0 || this.#isBroadcasting;
  }

  #follow(): void {
    if (this.#unfollow !== null) return;
    this.#unfollow = this.#options.keyspace.watchers.follow(this);
    if (this.#routes !== null) this.#known.set(this.#routes.bySlot);
  }
}
