/**
 * What other nodes' clients are subscribed to, as those nodes told. A node tells names with how many want each; one that wants
 * more than it tells gets everything. Nodes have the numbers of their links.
 */
import { compileGlob, type Glob, globCovers } from "../base/glob.js";
import { type SubscriptionKind, subscriptionKinds } from "./subscriber.js";

/** A name, and how many of a node's clients want it: 0 is none any more. */
export interface Want {
  readonly kind: SubscriptionKind;
  readonly name: string;
  readonly count: number;
}

interface Wanted {
  /** Null unless it is a pattern. */
  readonly glob: Glob | null;
  /** Counts by node. */
  readonly counts: Map<number, number>;
}

export class Interest {
  readonly #wanted: Readonly<Record<SubscriptionKind, Map<string, Wanted>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  /** Names by node. */
  readonly #names = new Map<number, Readonly<Record<SubscriptionKind, Set<string>>>>();
  /** Nodes that get everything. */
  readonly #all = new Set<number>();

  /** Whether no other node could want what is published to channels, or to shard channels. */
  isSilent(kind: "channel" | "shard"): boolean {
    if (this.#all.size > 0) return false;
    const { channel, pattern, shard } = this.#wanted;
    return kind === "shard" ? shard.size === 0 : channel.size + pattern.size === 0;
  }

  set(node: number, { kind, name, count }: Want): void {
    const names = this.#wanted[kind];
    let wanted = names.get(name);
    if (count > 0) {
      if (wanted === undefined) {
        const glob = kind === "pattern" ? compileGlob(Buffer.from(name, "latin1")) : null;
        names.set(name, (wanted = { glob, counts: new Map() }));
      }
      wanted.counts.set(node, count);
      this.#namesOf(node)[kind].add(name);
    } else if (wanted?.counts.delete(node) === true) {
      if (wanted.counts.size === 0) names.delete(name);
      this.#names.get(node)?.[kind].delete(name);
    }
  }

  setAll(node: number, wantsAll: boolean): void {
    if (wantsAll) this.#all.add(node);
    else this.#all.delete(node);
  }

  /** What a node told is no longer so, but for what `keeps` says. */
  forget(node: number, keeps: (kind: SubscriptionKind, name: string) => boolean = () => false): void {
    const names = this.#names.get(node);
    if (names === undefined) return;
    for (const kind of subscriptionKinds) {
      for (const name of names[kind]) if (!keeps(kind, name)) this.set(node, { kind, name, count: 0 });
    }
    if (subscriptionKinds.every((kind) => names[kind].size === 0)) this.#names.delete(node);
  }

  names(kind: SubscriptionKind): Iterable<readonly [string, ReadonlyMap<number, number>]> {
    return Array.from(this.#wanted[kind], ([name, { counts }]) => [name, counts] as const);
  }

  /** Counts by node of a name. */
  counts(kind: SubscriptionKind, name: string): ReadonlyMap<number, number> {
    return this.#wanted[kind].get(name)?.counts ?? NOBODY;
  }

  /** Adds to `receivers`, by node, how many get what is published to a channel; nodes that get everything unasked have 0, for nobody knows who is there. */
  receivers(
    kind: "channel" | "shard",
    channel: string,
    channelBytes: Uint8Array,
    receivers: Map<number, number>,
  ): void {
    for (const node of this.#all) receivers.set(node, 0);
    addAll(receivers, this.counts(kind, channel));
    if (kind === "shard") return;
    for (const { glob, counts } of this.#wanted.pattern.values()) {
      if (globCovers(glob!, channelBytes)) addAll(receivers, counts);
    }
  }

  #namesOf(node: number): Readonly<Record<SubscriptionKind, Set<string>>> {
    let names = this.#names.get(node);
    if (names === undefined) {
      this.#names.set(node, (names = { channel: new Set(), pattern: new Set(), shard: new Set() }));
    }
    return names;
  }
}

const NOBODY: ReadonlyMap<number, number> = new Map();

function addAll(sums: Map<number, number>, counts: ReadonlyMap<number, number>): void {
  for (const [node, count] of counts) sums.set(node, (sums.get(node) ?? 0) + count);
}
