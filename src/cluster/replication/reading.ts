/**
 * One key that is to be read as most of its owners have it. Owners that have the same as this node had when it asked stand for it. Of
 * any other this node takes all that it has of the key, and lets it have what that makes here; then that one stands for it too.
 *
 * What this node takes counts as a new state of the key, which nobody stands for until he is known to have it: else what a reader
 * is shown could be gone with a minority. What this node executes meanwhile does not count: replies wait for that by positions
 * (copies.ts).
 *
 * Events come in, and what is to be done goes out through a `ReadingHost`.
 */
import { ByteWriter } from "../../base/byte-writer.js";
import { beginBatch, endBatch } from "../../delta/batch.js";
import { writeDelta } from "../../delta/delta-codec.js";
import { compareVersions, VERSION_ZERO, type Version } from "../../delta/version.js";
import type { KeyLocator } from "../../keyspace/long-digest.js";
import type { ReadOutcome } from "../copies.js";
import type { Outcome } from "../peer-link.js";
import { isMajority } from "../primaries/majority.js";
import { type NodeNumber, type OwnerGroup, SELF } from "../primaries/owner-groups.js";
import { RepairLink, Stopped } from "../repair/repair-link.js";
import type { RepairNode } from "../repair/repair-node.js";
import type { ValueWant } from "../repair/shipment.js";
import {
  awaitsBody,
  digestAtOnce,
  digestInSteps,
  equalDigests,
  floorOf,
  type KeyDigest,
  type KeyState,
} from "./key-state.js";

const FLOOR_BYTES_MAX = 64;

export interface ReadingCounters {
  /** Owners that had something else, or nothing. */
  differing: number;
  /** Records, or parts of one, that this node told others and was told by them. */
  recordsPushed: number;
  recordsPulled: number;
  bytesSent: number;
  bytesReceived: number;
}

/** What a reading needs of the node that it runs on. */
export interface ReadingHost {
  readonly node: Omit<RepairNode, "apply">;
  /** Merges batches at once, or changes nothing and answers why not (`BatchApplication.apply`). */
  readonly merge: (batches: Buffer, mayTouch: (slot: number) => boolean) => string | undefined;
  readonly counters: ReadingCounters;
  /** Asks another owner something of repair-messages.ts. */
  readonly ask: (node: NodeNumber, body: Uint8Array, timeoutMs: number) => Promise<Outcome>;
  /** Lets records travel between this node and another when it is their turn. */
  readonly takeTurn: (node: NodeNumber, work: () => Promise<void>) => Promise<void>;
  /** Something is wrong with this node. */
  readonly broken: (error: unknown) => void;
}

export interface ReadingOptions {
  readonly host: ReadingHost;
  readonly place: KeyLocator;
  readonly group: OwnerGroup;
  /** Other owners that can be asked. */
  readonly living: readonly NodeNumber[];
  readonly ended: (outcome: ReadOutcome) => void;
}

/** Another owner. */
interface Owner {
  readonly node: NodeNumber;
  readonly link: RepairLink;
  /** It answers no more, or what makes no sense. */
  isLost: boolean;
  /** It is waited for. */
  isBusy: boolean;
  /** Of what it tells this node has merged something new, and there may be more. */
  isChanging: boolean;
  /** The state of the key here that it has all of; -1 if none. */
  has: number;
  /** Its flush floor. */
  floor: Version;
}

export class Reading {
  readonly place: KeyLocator;
  isEnded = false;
  readonly #options: ReadingOptions;
  readonly #owners = new Map<NodeNumber, Owner>();
  /** What was here when the others were asked, and the time as of which. */
  #asked: KeyDigest | undefined;
  #atMs = 0;
  /** Rises with what others tell. */
  #state = 0;
  /** Owners that are changing it. */
  #changing = 0;

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.place = options.place;
    for (const node of options.living) this.#owners.set(node, this.#newOwner(node));
  }

  get owners(): Iterable<NodeNumber> {
    return this.#owners.keys();
  }

  /** Ends it at once if it is known how. */
  begin(): void {
    this.#look();
  }

  /** The others are asked now. False if what is here takes steps to digest: see `digest`. */
  digestAtOnce(atMs: number): boolean {
    this.#atMs = atMs;
    this.#asked = digestAtOnce(this.place, atMs);
    return this.#asked !== undefined;
  }

  async digest(atMs: number): Promise<void> {
    this.#atMs = atMs;
    this.#asked = await this.#digestInSteps();
  }

  /** What another owner has, as of the same time; undefined if it does not say. */
  answered(node: NodeNumber, state: KeyState | undefined): void {
    const owner = this.#owners.get(node)!;
    if (this.isEnded) return;
    owner.isBusy = false;
    if (state === undefined) {
      owner.isLost = true;
    } else {
      owner.floor = state.floor;
      if (equalDigests(state, this.#asked!)) owner.has = 0;
      else this.#run(owner, () => this.#reconcile(owner, state));
    }
    this.#look();
  }

  end(outcome: ReadOutcome): void {
    if (this.isEnded) return;
    this.isEnded = true;
    const stopped = new Stopped("aborted", "the read is over");
    for (const { link } of this.#owners.values()) link.stop(stopped);
    this.#options.ended(outcome);
  }

  // ---- What follows from what is known ----

  #look(): void {
    if (this.isEnded) return;
    const { group, host } = this.#options;
    const owners = [...this.#owners.values()];
    const isHopeless = !isMajority(
      group,
      (node) => node === SELF || this.#owners.get(node)?.isLost === false,
    );
    if (isHopeless) {
      this.end("failed");
      return;
    }
    if (this.#changing === 0) {
      const isLatest = isMajority(
        group,
        (node) => node === SELF || this.#owners.get(node)?.has === this.#state,
      );
      if (isLatest && !awaitsBody(this.place, host.node.keyspace.nowMs)) {
        this.end("confirmed");
        return;
      }
      for (const owner of owners) if (this.#isBehind(owner)) this.#run(owner, () => this.#bring(owner));
    }
    // All have told what they have, and the body of the record was not among it.
    if (owners.every(({ isBusy }) => !isBusy)) this.end("failed");
  }

  #isBehind({ isBusy, isLost, has }: Owner): boolean {
    return !isBusy && !isLost && has !== this.#state;
  }

  /** Does something with another owner. */
  #run(owner: Owner, work: () => Promise<void>): void {
    const { host } = this.#options;
    owner.isBusy = true;
    const turn = host.takeTurn(owner.node, async () => {
      if (!this.isEnded) await work();
    });
    turn.then(
      () => this.#settle(owner),
      (error: unknown) => {
        owner.isLost = true;
        this.#settle(owner);
        if (!(error instanceof Stopped)) host.broken(error);
      },
    );
  }

  #settle(owner: Owner): void {
    owner.isBusy = false;
    if (owner.isChanging) {
      owner.isChanging = false;
      this.#changing--;
    }
    this.#look();
  }

  // ---- Telling and being told ----

  /** Takes what an owner has. It has the same then, or is brought what it lacks. */
  async #reconcile(owner: Owner, theirs: KeyState): Promise<void> {
    const { place } = this;
    this.#options.host.counters.differing++;
    const { link } = owner;
    if (compareVersions(owner.floor, floorOf(place)) > 0) await link.merge(floorBatch(place, owner.floor));
    if (theirs.isThere) await link.pull([this.#want]);
    const state = this.#state;
    if (equalDigests(await this.#digestInSteps(), theirs)) owner.has = state;
  }

  /** Lets an owner have what this node has. */
  async #bring(owner: Owner): Promise<void> {
    const { place } = this;
    const state = this.#state;
    const floor = floorOf(place);
    if (compareVersions(floor, owner.floor) > 0) {
      await owner.link.tell([floorBatch(place, floor)]);
      owner.floor = floor;
    }
    await owner.link.push([this.#want]);
    owner.has = state;
  }

  get #want(): ValueWant {
    const { database, slot, key } = this.place;
    return { kind: "value", slot, db: database.number, key, field: null };
  }

  #digestInSteps(): Promise<KeyDigest> {
    const { pace } = this.#options.host.node;
    return digestInSteps(this.place, this.#atMs, (step) => pace.run(step));
  }

  #newOwner(node: NodeNumber): Owner {
    const { host, place } = this.#options;
    const link = new RepairLink({
      node: { ...host.node, apply: (batches, mayTouch) => this.#apply(owner, batches, mayTouch) },
      ask: (body, timeoutMs) => host.ask(node, body, timeoutMs),
      mayTouch: (slot) => slot === place.slot,
      counters: host.counters,
    });
    const owner: Owner = {
      node,
      link,
      isLost: false,
      isBusy: true,
      isChanging: false,
      has: -1,
      floor: VERSION_ZERO,
    };
    return owner;
  }

  /** Merges in a turn of its own. */
  async #apply(
    owner: Owner,
    batches: Buffer,
    mayTouch: (slot: number) => boolean,
  ): Promise<string | undefined> {
    let problem: string | undefined;
    await this.#options.host.node.pace.run(() => {
      problem = this.#merge(owner, batches, mayTouch);
      return false;
    });
    return problem;
  }

  #merge(owner: Owner, batches: Buffer, mayTouch: (slot: number) => boolean): string | undefined {
    if (this.isEnded) return "the read is over";
    const before = digestAtOnce(this.place, this.#atMs);
    const problem = this.#options.host.merge(batches, mayTouch);
    if (problem !== undefined || owner.isChanging) return problem;
    const after = digestAtOnce(this.place, this.#atMs);
    // What takes steps to digest is taken for changed.
    if (before !== undefined && after !== undefined && equalDigests(before, after)) return undefined;
    owner.isChanging = true;
    this.#changing++;
    this.#state++;
    return undefined;
  }
}

function floorBatch({ database, slot }: KeyLocator, floor: Version): Buffer {
  const writer = new ByteWriter({ capacityBytes: FLOOR_BYTES_MAX, bytesMax: FLOOR_BYTES_MAX });
  const start = beginBatch(writer);
  writeDelta(writer, { kind: "flush", db: database.number, slot, floor });
  endBatch(writer, start);
  return writer.written();
}
