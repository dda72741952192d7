/** What this node has of all streams, as it tells others, and how it gets to have what another one has. */
import { ByteReader } from "../../base/byte-reader.js";
import { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";
import type { LocalStream } from "../../durability/change-stream.js";
import type { Timers } from "../../host/timers.js";
import type { NodeId } from "../../membership/member.js";
import { positionsOf, readPositions, type StreamPosition, writePositions } from "./positions.js";
import type { Receiver } from "./receiver.js";
import type { Survivors } from "./survivors.js";
import { doneWithin, metWithin, type Patience } from "./within.js";

/** Of as many nodes as may own slots together, two lives each, there is room many times over. */
const POSITIONS_BYTES_MAX = 2 ** 20;
const REACH_TIMEOUT_MS = 2000;

export interface CatchingUpOptions {
  readonly host: { readonly timers: Timers };
  readonly nodeId: NodeId;
  readonly boot: number;
  readonly stream: LocalStream;
  readonly receiver: Receiver;
  readonly survivors: Survivors;
  readonly isAlive: (id: NodeId) => boolean;
  readonly bootOf: (id: NodeId) => number | undefined;
  /** Other nodes that own slots which this node owns too. */
  readonly coOwners: () => Iterable<NodeId>;
  /** Whether two of them own slots together. */
  readonly areCoOwners: (one: NodeId, other: NodeId) => boolean;
  /** Compares copies with another node, and resolves when both have what either had. */
  readonly repair: (id: NodeId) => Promise<unknown>;
}

/** What is known of another node, for which positions do not tell. */
interface Acquaintance {
  /** Copies are being compared with it. */
  repairing: Promise<void> | undefined;
  /** By earlier life of a third node, up to where this node has had what the other one had of it. */
  readonly compared: Map<string, number>;
}

export class CatchingUp {
  readonly #options: CatchingUpOptions;
  /** With what other nodes are to bring. */
  readonly #patience: Patience;
  readonly #writer = new ByteWriter({ bytesMax: POSITIONS_BYTES_MAX });
  readonly #others = new Map<NodeId, Acquaintance>();

  constructor(options: CatchingUpOptions) {
    this.#options = options;
    this.#patience = { timers: options.host.timers, timeoutMs: REACH_TIMEOUT_MS };
  }

  /** Hands over what this node has executed, first. */
  positions(): Buffer {
    const writer = this.#writer;
    writer.clear();
    writePositions(writer, positionsOf(this.#options));
    return Buffer.from(writer.written());
  }

  /** A node shares no slots any more. */
  forget(nodeId: NodeId): void {
    this.#others.delete(nodeId);
  }

  /**
   * Resolves when this node has what another one has of itself and of the dead, by its positions, or with false if that is not to be soon.
   * Of who lives this node is to ask itself.
   */
  async reach(nodeId: NodeId, bytes: Buffer): Promise<boolean> {
    const positions = readPositions(new ByteReader(rangeOf(bytes)));
    if (positions === undefined || positions.nodeId !== nodeId) return false;
    const { boot, end, received } = positions;
    const isThere = await Promise.all([
      this.received(nodeId, boot, end),
      doneWithin(this.#patience, this.#options.survivors.catchUp(nodeId, received)),
    ]);
    return !isThere.includes(false);
  }

  /** The same of all that the other one has. `boot`: of the life of it whose positions are meant. */
  async reachAll(nodeId: NodeId, bytes: Buffer, boot?: number): Promise<boolean> {
    const { coOwners, areCoOwners, isAlive, bootOf } = this.#options;
    const told = readPositions(new ByteReader(rangeOf(bytes)));
    if (told === undefined || (boot !== undefined && told.boot !== boot)) return false;
    // Those of the dead are for the survivors to settle.
    const others = [...coOwners()].filter((id) => id !== nodeId && isAlive(id));
    const living = told.received.filter((life) => others.includes(life.nodeId));
    // One that started just now does not know yet how far it is with the streams that its log has.
    const isKnown = (id: NodeId) => living.some((life) => life.nodeId === id && life.boot === bootOf(id));
    if (others.some((id) => areCoOwners(id, nodeId) && !isKnown(id))) return false;
    const earlier = living.filter((life) => life.boot !== bootOf(life.nodeId));
    const present = living.filter((life) => !earlier.includes(life));
    const isThere = await Promise.all([
      this.reach(nodeId, bytes),
      this.#compare(nodeId, earlier),
      ...present.map((life) => this.received(life.nodeId, life.boot, life.applied)),
    ]);
    return !isThere.includes(false);
  }

  /** Of a life that is over nothing more comes: what is missing of it only the other one has. */
  async #compare(nodeId: NodeId, lives: readonly StreamPosition[]): Promise<boolean> {
    const { receiver, repair } = this.#options;
    const other = this.#others.get(nodeId) ?? { repairing: undefined, compared: new Map() };
    this.#others.set(nodeId, other);
    const { compared } = other;
    const isHere = (life: StreamPosition) => {
      const own = receiver.position(life.nodeId, life.boot);
      return Math.max(own?.isWhole ? own.applied : 0, compared.get(nameOf(life)) ?? 0) >= life.applied;
    };
    if (lives.every(isHere)) return true;
    other.repairing ??= repair(nodeId).then(() => {
      for (const life of lives) compared.set(nameOf(life), life.applied);
      other.repairing = undefined;
    });
    // One that was under way may have begun before the other one had all of it: then it is asked again.
    return doneWithin(
      this.#patience,
      other.repairing.then(() => lives.every(isHere)),
    );
  }

  /** Whether what a node executed up to a position of its stream is here soon. */
  received(nodeId: NodeId, boot: number, end: number): Promise<boolean> {
    const { receiver } = this.#options;
    const isHere = () => {
      const applied = receiver.stream(nodeId, boot)?.applied;
      return applied !== undefined && applied >= end && receiver.isInSync(nodeId, boot);
    };
    return metWithin(this.#patience, {
      isMet: isHere,
      subscribe: (changed) => receiver.subscribe(changed),
    });
  }
}

function nameOf({ nodeId, boot }: StreamPosition): string {
  return `${nodeId} ${boot}`;
}
