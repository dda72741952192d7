/** What this node has received of one life of another: how far, and the last of it for owners that received less. */
import { SlotSet } from "../slot-set.js";
import { Backlog } from "./backlog.js";
import { DurableReach } from "./durable-reach.js";
import type { OpenRequest, Reach } from "./replication-messages.js";

/** The backlogs of all streams are bounded together, by their owner. */
const UNBOUNDED = Number.POSITIVE_INFINITY;

/** Batches that follow one another. */
export interface Arrival {
  readonly batches: Buffer;
  readonly count: number;
  readonly from: number;
  readonly to: number;
  readonly nowMs: number;
}

export class ReceivedStream {
  readonly nodeId: string;
  readonly boot: number;
  /** The one that messages must be of. */
  session = 0;
  /** What whoever ships it has told that makes this node in sync. */
  #end = 0;
  /** A checksum of the slots that it was shipped when a session last began. */
  #owned = 0;
  /** Of these what was executed before they were shipped may be missing; null if there are none. */
  newSlots: SlotSet | null = null;
  /** Up to here all was applied since the stream started for this node; undefined if it has not. */
  applied: number | undefined;
  /** Whoever ships the stream says that nothing before that is missing, but of new slots. */
  isToldWhole = false;
  /** Something is missing though nothing should be, and whoever ships the stream does not say yet that it knows. */
  isLacking = false;
  /** Messages of which records are missing that are being fetched; and when those are here, or will not be. */
  fetching = 0;
  fetched: Promise<unknown> = Promise.resolve();
  messages = 0;
  batches = 0;
  bytes = 0;
  /** When something of it came last. */
  heardMs = 0;
  readonly durable = new DurableReach();
  readonly backlog = new Backlog({ bytesMax: UNBOUNDED, position: 0 });

  constructor({ nodeId, boot }: { readonly nodeId: string; readonly boot: number }) {
    this.nodeId = nodeId;
    this.boot = boot;
  }

  /** Whether nothing before what is applied is missing here, but of new slots. */
  get isWhole(): boolean {
    return this.isToldWhole && !this.isLacking && this.fetching === 0;
  }

  get reach(): Reach {
    return {
      applied: this.applied,
      isWhole: this.isWhole,
      durable: this.durable.position,
      isDurablyWhole: this.durable.isWhole,
    };
  }

  /** Nothing is missing, and all is here that had been executed when whoever ships it found this node, or found it again. */
  get isInSync(): boolean {
    return this.isWhole && this.applied !== undefined && this.applied >= this.#end;
  }

  /** A session begins. */
  opened({ session, end, owned, newSlots }: OpenRequest): void {
    this.session = session;
    this.#end = end;
    this.#owned = owned;
    const isWider = newSlots.some((slot) => this.newSlots?.has(slot) !== true);
    this.newSlots = newSlots.length === 0 ? null : new SlotSet(newSlots);
    if (!isWider) return;
    // What came so far is not all that concerns this node now, for others to pull or for its log to have.
    this.backlog.restart(this.backlog.end);
    this.durable.doubt();
  }

  /** Whether nothing is missing of a slot before what is applied, and who ships the stream knows which slots this node owns. */
  hasSlot(slot: number, owned: number): boolean {
    return this.isWhole && owned === this.#owned && this.newSlots?.has(slot) !== true;
  }

  /** Whether nothing is missing up to a position of what concerns the slots of a checksum. */
  hasAll({ position, owned }: { readonly position: number; readonly owned: number }): boolean {
    const { applied, isWhole, newSlots } = this;
    return (
      applied !== undefined && applied >= position && isWhole && newSlots === null && owned === this.#owned
    );
  }

  /** Nothing is missing that came before it. */
  begin(): void {
    this.applied = 0;
    this.isToldWhole = true;
  }

  /** The batches are applied. */
  took({ batches, count, from, to, nowMs }: Arrival): void {
    if (from !== this.applied) this.backlog.restart(from);
    this.applied = to;
    this.messages++;
    this.batches += count;
    this.bytes += batches.length;
    this.heardMs = nowMs;
    if (to > from) this.backlog.add({ bytes: batches, from, to, batches: count, nowMs });
  }
}
