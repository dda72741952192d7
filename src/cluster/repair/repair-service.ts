/**
 * Answers nodes that repair slots which this one owns too (repair-messages.ts). What it is asked it does in slices of time, and it keeps
 * nothing between two requests but parcels and who repairs with it. A request that makes no sense fails and changes nothing.
 */
import type { ByteReader } from "../../base/byte-reader.js";
import { ByteWriter } from "../../base/byte-writer.js";
import { batchBytes, beginBatch, endBatch } from "../../delta/batch.js";
import type { HashRange } from "../../keyspace/range-walk.js";
import { isWholeSlot } from "../../keyspace/slot-digest.js";
import { isSound, seal } from "../checked-message.js";
import { type DigestedItem, differenceOf, RangeLists, surveyOf } from "./digest-list.js";
import { ParcelAssembly, ParcelShelf, partOf } from "./parcels.js";
import {
  type RangeDifference,
  writeCompareAnswer,
  writeDeliverAnswer,
  writeListAnswers,
  writePullAnswer,
} from "./repair-answers.js";
import {
  BEGIN,
  beginAnswer,
  COMPARE,
  DELIVER,
  END,
  FETCH,
  LIST,
  MESSAGE_BYTES,
  PULL,
  PUSH,
  type RequestHead,
  readRequestHead,
  type Verdict,
} from "./repair-messages.js";
import { floorsOf, type RepairNode, seedCheck } from "./repair-node.js";
import {
  type BeginRequest,
  readBegin,
  readCompare,
  readDeliver,
  readEnd,
  readFetch,
  readList,
  readPull,
} from "./repair-requests.js";
import { type Parcel, parcelBytes, Shipment } from "./shipment.js";

/** Items that one request may let this node list: who asks keeps to far fewer. */
const LISTED_MAX = 2 ** 17;
/** The same of what is listed as soon as it is found different. */
const COMPARED_ITEMS_MAX = 8192;
const BATCH_BYTES_MAX = 2 ** 30;

export interface RepairServiceOptions extends RepairNode {
  /** Whether another node and this one both own a slot. */
  readonly isShared: (nodeId: string, slot: number) => boolean;
  /** Whether another node may ask what belongs to no repair of its own, or to the one that is under way. */
  readonly isOpen: (nodeId: string) => boolean;
  /** Whether this node can do anything of that at present. */
  readonly isReady: () => boolean;
  readonly partners: RepairPartners;
}

/** Of a range: nothing if it is the same. */
type Told = RangeDifference<readonly DigestedItem[]> | undefined;

/** Those who repair with this node, which has what to repair with them itself. */
export interface RepairPartners {
  /** Whether another node may begin. */
  begin(nodeId: string, request: BeginRequest): boolean;
  /** It does something of what it began. */
  heard(nodeId: string): void;
  /** It is done, and all lasts here. Answers whether that session is known. */
  end(nodeId: string, session: number): boolean | Promise<boolean>;
}

export class RepairService {
  /** Records and parts of records told to others, and batches merged. */
  readonly counters = { recordsTold: 0, batchesMerged: 0 };
  readonly #options: RepairServiceOptions;
  readonly #outgoing: ParcelShelf<Parcel>;
  readonly #incoming: ParcelShelf<ParcelAssembly>;

  constructor(options: RepairServiceOptions) {
    this.#options = options;
    this.#outgoing = new ParcelShelf(options.timers);
    this.#incoming = new ParcelShelf(options.timers);
  }

  /** Answers a message from a node. Rejects if it makes no sense. */
  async answer(bytes: Buffer, from: string): Promise<Uint8Array> {
    const { checksum, keyspace, isReady, isOpen, partners } = this.#options;
    const head = isSound(bytes, checksum) ? readRequestHead(bytes) : undefined;
    if (head === undefined) throw malformed();
    if (!isReady()) return seal(verdict("later"), checksum);
    if (head.seed !== seedCheck(keyspace)) throw new Error("the nodes hash keys by different seeds");
    const isApart = head.kind !== BEGIN && head.kind !== END;
    if (isApart && !isOpen(from)) return seal(verdict("later"), checksum);
    partners.heard(from);
    return seal(await this.#answer(head, bytes, from), checksum);
  }

  close(): void {
    this.#outgoing.close();
    this.#incoming.close();
  }

  #answer({ kind, reader }: RequestHead, bytes: Buffer, from: string): Promise<Uint8Array> {
    switch (kind) {
      case COMPARE:
        return this.#compare(reader, from);
      case LIST:
        return this.#list(reader, from);
      case PULL:
        return this.#pull(reader, from);
      case PUSH:
        return this.#push(bytes.subarray(reader.at), from);
      case FETCH:
        return this.#fetch(reader, from);
      case DELIVER:
        return this.#deliver(reader, from);
      case BEGIN:
        return this.#begin(reader, from);
      case END:
        return this.#end(reader, from);
    }
  }

  async #begin(reader: ByteReader, from: string): Promise<Uint8Array> {
    const request = readBegin(reader);
    if (request === undefined) throw malformed();
    return verdict(this.#options.partners.begin(from, request) ? "accepted" : "later");
  }

  async #end(reader: ByteReader, from: string): Promise<Uint8Array> {
    const { lasts, partners } = this.#options;
    const session = readEnd(reader);
    if (session === undefined) throw malformed();
    await lasts();
    return verdict((await partners.end(from, session)) ? "accepted" : "lost");
  }

  async #compare(reader: ByteReader, from: string): Promise<Uint8Array> {
    const { keyspace, pace } = this.#options;
    const request = readCompare(reader, keyspace.databases.length);
    if (request === undefined) throw malformed();
    const ranges = request.ranges.map(({ range }) => range);
    if (!this.#areShared(ranges, from)) return verdict("unshared");
    const { atMs, isListed } = request;
    const survey = surveyOf(keyspace, ranges, { atMs, isListed });
    await pace.run(() => survey.step());
    let itemsLeft = COMPARED_ITEMS_MAX;
    const differences = request.ranges.map(({ range, digest }, i): Told => {
      const { low, high, count } = survey.sums[i]!;
      if (low === digest.low && high === digest.high) return undefined;
      const floors = isWholeSlot(range) ? this.#floorsOf(range) : undefined;
      // Who has nothing is told all, whatever that is.
      const isNothing = digest.low === 0 && digest.high === 0;
      const items = isNothing || count > itemsLeft ? undefined : survey.lists?.[i];
      itemsLeft -= items?.length ?? 0;
      return { count, floors, items };
    });
    return writeCompareAnswer({ atMs: keyspace.nowMs, differences });
  }

  #floorsOf({ slot }: HashRange) {
    const { keyspace, isWhole } = this.#options;
    return { isWhole: isWhole(slot), floors: floorsOf(keyspace, slot) };
  }

  async #list(reader: ByteReader, from: string): Promise<Uint8Array> {
    const { keyspace, pace } = this.#options;
    const request = readList(reader, keyspace.databases.length);
    if (request === undefined) throw malformed();
    const ranges = request.ranges.map(({ range }) => range);
    if (!this.#areShared(ranges, from)) return verdict("unshared");
    const listing = new RangeLists(keyspace, ranges, request);
    await pace.run(() => {
      if (listing.count > LISTED_MAX) throw new Error("too much is to be listed at once");
      return listing.step();
    });
    const answers = request.ranges.map(({ digests }, i) => differenceOf(digests, listing.lists[i]!));
    return writeListAnswers(answers);
  }

  async #pull(reader: ByteReader, from: string): Promise<Uint8Array> {
    const { keyspace, pace } = this.#options;
    const wants = readPull(reader, keyspace.databases.length);
    if (wants === undefined) throw malformed();
    if (!this.#areShared(wants, from)) return verdict("unshared");
    const shipment = new Shipment(keyspace, wants);
    const writer = new ByteWriter({
      capacityBytes: MESSAGE_BYTES + MESSAGE_BYTES / 4,
      bytesMax: BATCH_BYTES_MAX,
    });
    const start = beginBatch(writer);
    const empty = writer.length;
    let parcel: Parcel | undefined;
    await pace.run(() => {
      parcel = shipment.fill(writer, MESSAGE_BYTES);
      return false;
    });
    const { taken, ahead, records } = shipment;
    this.counters.recordsTold += records;
    const told = { taken, ahead, records };
    if (parcel !== undefined) return writePullAnswer({ ...told, content: this.#offer(parcel, from) });
    if (writer.length > empty) endBatch(writer, start);
    else writer.clear();
    return writePullAnswer({ ...told, content: { kind: "batch", bytes: writer.written() } });
  }

  #offer(parcel: Parcel, from: string) {
    const total = parcelBytes(parcel);
    const bytes = partOf(parcel, 0, MESSAGE_BYTES);
    return { kind: "parcel", parcel: this.#outgoing.put(from, parcel), total, bytes } as const;
  }

  async #fetch(reader: ByteReader, from: string): Promise<Uint8Array> {
    const request = readFetch(reader);
    if (request === undefined) throw malformed();
    const { parcel: number, offset } = request;
    const parcel = this.#outgoing.get(from, number);
    if (parcel === undefined) return verdict("lost");
    return Buffer.concat([verdict("accepted"), partOf(parcel, offset, MESSAGE_BYTES)]);
  }

  async #push(batches: Buffer, from: string): Promise<Uint8Array> {
    let at = 0;
    if (batches.length === 0) throw malformed();
    while (at < batches.length) {
      const end = at + batchBytes(batches, at);
      await this.#merge(batches.subarray(at, end), from);
      at = end;
    }
    return verdict("accepted");
  }

  async #deliver(reader: ByteReader, from: string): Promise<Uint8Array> {
    const request = readDeliver(reader);
    if (request === undefined || (request.parcel === 0 && request.offset > 0)) throw malformed();
    const { total, offset, bytes } = request;
    const number =
      request.parcel === 0 ? this.#incoming.put(from, new ParcelAssembly(total)) : request.parcel;
    const assembly = this.#incoming.get(from, number);
    if (assembly?.total !== total || !assembly.add(offset, bytes)) return verdict("lost");
    if (assembly.isWhole) {
      this.#incoming.drop(number);
      await this.#merge(assembly.bytes, from);
    }
    return writeDeliverAnswer(number);
  }

  async #merge(batches: Buffer, from: string): Promise<void> {
    const { apply, isShared } = this.#options;
    const problem = await apply(batches, (slot) => isShared(from, slot));
    if (problem !== undefined) throw new Error(`what another node pushes is refused: ${problem}`);
    this.counters.batchesMerged++;
  }

  #areShared(wants: readonly { readonly slot: number }[], from: string): boolean {
    return wants.every(({ slot }) => this.#options.isShared(from, slot));
  }
}

function verdict(verdict: Verdict): Uint8Array {
  return beginAnswer(verdict).written();
}

function malformed(): Error {
  return new Error("the message is malformed");
}
