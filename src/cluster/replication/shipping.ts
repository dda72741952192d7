/**
 * The local stream on its way to all other owners of this node's slots: one backlog of it, and a shipper for each of them. While there
 * are none the stream is not listened to, and costs nothing.
 */
import type { Checksum } from "../../base/crc32.js";
import type { LocalConsumer, LocalStream } from "../../durability/change-stream.js";
import type { EarlierLife, LocalPosition } from "../../durability/local-tail.js";
import type { Clock } from "../../host/clock.js";
import type { Log } from "../../host/log.js";
import type { Timers } from "../../host/timers.js";
import { Backlog } from "./backlog.js";
import type { ReplicationPeers } from "./fenced-peers.js";
import type { Answer } from "./replication-messages.js";
import { Shipper } from "./shipper.js";
import { addShipments, noShipments, type ShippingCounters } from "./shipping-counters.js";
import { SlotFilter } from "./slot-filter.js";

export interface ShippingEvents {
  /** What an owner has, or whether it counts, has changed. */
  progressed(shipper: Shipper): void;
  /** An owner lacks what it will not be shipped: it is to be repaired (`Shipper.repaired`). */
  gapped(shipper: Shipper): void;
  /** An owner lacks nothing of an earlier life of this node; it may have more of that than this node has. */
  continued?(shipper: Shipper): void;
  /** Whoever is shipped to tells whether what it says counts (`ShipperOptions.heard`). */
  heard(shipper: Shipper, answer: Pick<Answer, "boot" | "taken">): void;
}

export interface ShippingOptions {
  readonly host: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly checksum: Checksum;
    readonly log: Log;
  };
  readonly peers: ReplicationPeers;
  readonly stream: LocalStream;
  /** How much of the stream is kept: option `repl-backlog-size`, as it is at present. What is more than that goes with the next change. */
  readonly backlogBytesMax: () => number;
  /** With the tail of which the stream begins; undefined if it is not known how far this node has that life. Asked when there is a stream. */
  readonly earlier?: () => EarlierLife | undefined;
  readonly events: ShippingEvents;
}

export class Shipping implements LocalConsumer {
  readonly #options: ShippingOptions;
  readonly #backlog: Backlog;
  readonly #shippers = new Map<string, Shipper>();
  /** Those that were ever shipped to. */
  readonly #known = new Set<string>();
  readonly #unsubscribe: () => void;
  /** What was shipped to those to whom nothing is shipped any more. */
  readonly #earlier: ShippingCounters = { ...noShipments(), gaps: 0 };
  #stopShipping: (() => void) | undefined;
  #session = 0;
  #isFlushDue = false;

  constructor(options: ShippingOptions) {
    this.#options = options;
    this.#backlog = new Backlog({ bytesMax: options.backlogBytesMax(), position: 0 });
    this.#unsubscribe = options.peers.subscribe({
      up: ({ nodeId }) => this.#shippers.get(nodeId)?.up(),
      down: ({ nodeId }) => this.#shippers.get(nodeId)?.down(),
      unreachable() {},
    });
  }

  /**
   * Ships to these nodes, by id, and no others: to each what concerns the slots that it owns, or everything (null). A slot that is new to
   * a node is shipped from now on; what it held before is a gap, as is everything of a node that was not shipped to before.
   */
  setOwners(slotsByNode: ReadonlyMap<string, Iterable<number> | null>): void {
    // What was executed until now is shipped as it was.
    this.flushNow();
    for (const [nodeId, shipper] of this.#shippers) {
      if (slotsByNode.has(nodeId)) continue;
      shipper.close();
      addShipments(shipper, this.#earlier);
      this.#shippers.delete(nodeId);
    }
    if (slotsByNode.size > 0) this.#begin();
    else this.#end();
    for (const [nodeId, slots] of slotsByNode) {
      const filter = slots === null ? null : new SlotFilter(slots);
      const known = this.#shippers.get(nodeId);
      if (known === undefined) this.#shippers.set(nodeId, this.#newShipper(nodeId, filter));
      else known.setFilter(filter);
    }
  }

  /** Sends at once, as far as windows allow, what was executed until now: what is sent over the same links next will find it there. */
  flushNow(): void {
    this.#options.stream.flushNow();
    for (const shipper of this.#shippers.values()) shipper.hurry();
  }

  /** The same when the turn is over. */
  flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#options.host.timers.afterTurn(() => {
      this.#isFlushDue = false;
      this.flushNow();
    });
  }

  /** Ships to a node as if it had not been shipped to before: it may lack anything. */
  restart(nodeId: string): void {
    const shipper = this.#shippers.get(nodeId);
    if (shipper === undefined) return;
    shipper.close();
    addShipments(shipper, this.#earlier);
    this.#shippers.set(nodeId, this.#newShipper(nodeId, shipper.filter));
  }

  get shippers(): Iterable<Shipper> {
    return this.#shippers.values();
  }

  shipper(nodeId: string): Shipper | undefined {
    return this.#shippers.get(nodeId);
  }

  get counters(): ShippingCounters {
    const counters = { ...this.#earlier };
    for (const shipper of this.#shippers.values()) addShipments(shipper, counters);
    return counters;
  }

  get backlogBytes(): number {
    return this.#backlog.usedBytes;
  }

  /** From here on the backlog has all. */
  get backlogFirst(): number {
    return this.#backlog.first;
  }

  /** Behind what was executed last and handed over. */
  get position(): number {
    return this.#backlog.end;
  }

  get backlogBytesMax(): number {
    return this.#options.backlogBytesMax();
  }

  takeLocal(chunk: Buffer, start: number, batches: number): void {
    const { host, backlogBytesMax } = this.#options;
    const nowMs = host.clock.monotonicMs();
    this.#backlog.bytesMax = backlogBytesMax();
    this.#backlog.add({ bytes: chunk, from: start, to: start + chunk.length, batches, nowMs });
    for (const shipper of this.#shippers.values()) shipper.pump();
  }

  close(): void {
    this.setOwners(new Map());
    this.#unsubscribe();
  }

  #begin(): void {
    if (this.#stopShipping !== undefined) return;
    const { stream, earlier, host } = this.#options;
    this.#stopShipping = stream.ship(this);
    const life = earlier?.();
    const isNew = life !== undefined && stream.localPosition === life.tail.length;
    this.#backlog.restart(isNew ? 0 : stream.localPosition);
    if (!isNew || life.tail.length === 0) return;
    const nowMs = host.clock.monotonicMs();
    const { tail, tailBatches } = life;
    this.#backlog.add({ bytes: tail, from: 0, to: tail.length, batches: tailBatches, nowMs });
  }

  #end(): void {
    this.#stopShipping?.();
    this.#stopShipping = undefined;
    this.#backlog.restart(this.#backlog.end);
  }

  #newShipper(nodeId: string, filter: SlotFilter | null): Shipper {
    const { host, peers, events, earlier } = this.#options;
    // Nobody knows of which slots it got what was executed since, if it was shipped to before.
    const continues = this.#known.has(nodeId) ? undefined : beforeTail(earlier?.());
    this.#known.add(nodeId);
    const shipper = new Shipper({
      nodeId,
      filter,
      continues,
      link: () => peers.linkTo(nodeId),
      backlog: this.#backlog,
      clock: host.clock,
      timers: host.timers,
      checksum: host.checksum,
      newSession: () => ++this.#session,
      progressed: () => events.progressed(shipper),
      gapped: () => events.gapped(shipper),
      continued: () => events.continued?.(shipper),
      heard: (answer) => events.heard(shipper, answer),
      refused: () => host.log.error("another node can make nothing of what it is shipped", { node: nodeId }),
    });
    return shipper;
  }
}

/** Where the stream goes on. */
function beforeTail(life: EarlierLife | undefined): LocalPosition | undefined {
  return life && { boot: life.boot, position: life.position - life.tail.length };
}
