import { ByteWriter } from "#torus/base/byte-writer.js";
import { crc32 } from "#torus/base/crc32.js";
import { slotOf } from "#torus/base/key-hash.js";
import type { ReadOutcome } from "#torus/cluster/copies.js";
import type { Outcome } from "#torus/cluster/peer-link.js";
import { OwnerGroups, SELF } from "#torus/cluster/primaries/owner-groups.js";
import { ReadConfirmation } from "#torus/cluster/replication/read-confirmation.js";
import { beginBatch, endBatch } from "#torus/delta/batch.js";
import type { RecordState } from "#torus/delta/record-state.js";
import type { SimHost } from "#torus/host/sim/sim-host.js";
import type { World } from "#torus/host/sim/world.js";
import { BatchApplication } from "#torus/keyspace/batch-application.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { KeyspaceDump } from "#torus/keyspace/keyspace-dump.js";
import { CommandRunner } from "./command-runner.js";
import { FakePersistence } from "./fake-persistence.js";
import { SMALL_LIMITS } from "./hash-fields.js";
import { stateOf } from "./keyspace-contents.js";
import { CLUSTER_PORT, nodeIdOf, SimPeers } from "./sim-peers.js";
import { slotGroups } from "./slot-groups.js";
import { smallKeyspace } from "./small-keyspace.js";
import { worldOf } from "./world.js";

export const TIMEOUT_MS = 1000;
/** Nothing is told in pieces, which do not merge. */
const WHOLE = { pieceBytes: 2 ** 29, fields: 2 ** 29 };

/** Who owns all slots, and who is to. */
export interface Owning {
  readonly now: readonly string[];
  readonly next?: readonly string[];
}

/** A node that owns all slots with others, as far as quorum reads go. Its name is one letter. */
export class ReadOwner {
  readonly host: SimHost;
  readonly keyspace: Keyspace;
  readonly persistence = new FakePersistence();
  readonly reads: ReadConfirmation;
  peers!: SimPeers;
  /** What becomes of a message that it asks with, or of an answer to it. */
  tamper: (way: "request" | "answer", bytes: Buffer) => Buffer = (_, bytes) => bytes;
  /** How often it handed over what it had executed. */
  flushes = 0;
  owns = (_slot: number): boolean => true;
  readonly dead = new Set<string>();
  readonly #runner: CommandRunner;
  #groups: OwnerGroups | undefined;

  constructor(
    world: World,
    readonly name: string,
  ) {
    this.host = world.host(name);
    const { clock, timers, checksum, log } = this.host;
    this.keyspace = smallKeyspace({ origin: name.charCodeAt(0), keepTombstones: true });
    this.persistence.gates = false;
    this.persistence.record(this.keyspace);
    this.#runner = new CommandRunner(this.keyspace, SMALL_LIMITS);
    this.reads = new ReadConfirmation({
      peers: { linkTo: (nodeId) => this.#linkTo(nodeId) },
      groups: () => this.#groups,
      idOf: (number) => this.peers.peers.idOf(number),
      isAlive: (number) => !this.dead.has(this.peers.peers.idOf(number)!),
      keyspace: this.keyspace,
      limits: () => SMALL_LIMITS,
      clock,
      timers,
      checksum,
      log,
      persistence: this.persistence,
      mayTouch: (slot) => this.owns(slot),
      flush: () => this.flushes++,
      changed() {},
    });
  }

  async start(world: World): Promise<void> {
    this.peers = await SimPeers.start(world, this.name, { services: this.reads.services });
  }

  #linkTo(nodeId: string) {
    const link = this.peers.peers.linkTo(nodeId);
    if (link === undefined) return undefined;
    return {
      ask: async (service: string, body: Uint8Array, timeoutMs: number): Promise<Outcome> => {
        const outcome = await link.ask(service, this.tamper("request", Buffer.from(body)), timeoutMs);
        if (outcome.kind !== "answered") return outcome;
        return { kind: "answered", body: this.tamper("answer", outcome.body) };
      },
    };
  }

  /** Links with all other owners; all slots are owned by these. */
  place({ now, next = now }: Owning): void {
    const { peers } = this.peers;
    for (const name of [...now, ...next]) {
      const nodeId = nodeIdOf(name);
      if (name !== this.name)
        peers.add({ number: peers.numberOf(nodeId), nodeId, host: name, port: CLUSTER_PORT });
    }
    this.#groups = new OwnerGroups({
      grouped: slotGroups(
        () => now,
        () => next,
      ),
      phase: next === now ? null : "transfer",
      numberOf: (name) => (name === this.name ? SELF : peers.numberOf(nodeIdOf(name))),
    });
  }

  buries(...names: readonly string[]): void {
    for (const name of names) this.dead.add(nodeIdOf(name));
  }

  /** Executes a command; answers its reply as transcripts write it. */
  run(...words: readonly string[]): string {
    this.keyspace.tick(this.host.clock.wallMs());
    this.keyspace.select(0);
    const reply = this.#runner.run(...words);
    this.keyspace.journal!.ended();
    return reply;
  }

  /** Lets others have all that this one has, and be told nothing more: as shipping does. */
  ship(...others: readonly ReadOwner[]): void {
    const writer = new ByteWriter({ bytesMax: 2 ** 28 });
    const start = beginBatch(writer);
    const empty = writer.length;
    const dump = new KeyspaceDump(this.keyspace, WHOLE);
    while (dump.next(writer, Number.POSITIVE_INFINITY));
    if (writer.length === empty) return;
    endBatch(writer, start);
    for (const other of others) other.merge(Buffer.from(writer.written()));
  }

  merge(batches: Buffer): void {
    const { keyspace, host } = this;
    keyspace.tick(host.clock.wallMs());
    const application = new BatchApplication({
      keyspace,
      limits: () => SMALL_LIMITS,
      checksum: crc32,
      incomplete() {},
    });
    const problem = application.apply(batches);
    if (problem !== undefined) throw new Error(problem);
  }

  /** What it has of a key, whoever sees it. */
  state(key: string): RecordState | undefined {
    return stateOf(this.keyspace, this.keyspace.databases[0]!, key);
  }

  confirm(key: string, { database = 0, timeoutMs = TIMEOUT_MS } = {}): Promise<ReadOutcome> {
    const bytes = Buffer.from(key, "latin1");
    return this.reads.confirmRead(slotOf(bytes, 0, bytes.length), database, bytes, timeoutMs);
  }
}

export interface ReadOwners {
  readonly world: World;
  readonly a: ReadOwner;
  readonly b: ReadOwner;
  readonly c: ReadOwner;
  /** These and the others. */
  readonly all: readonly ReadOwner[];
}

/** Nodes of these names, of which there are three at least, all linked with each other. */
export async function readOwners(names = "abc", owning: Owning = { now: [...names] }): Promise<ReadOwners> {
  const world = worldOf(1);
  const all: ReadOwner[] = [];
  for (const name of names) {
    const owner = new ReadOwner(world, name);
    await owner.start(world);
    all.push(owner);
  }
  for (const owner of all) owner.place(owning);
  await world.advance(50);
  const [a, b, c] = all;
  return { world, a: a!, b: b!, c: c!, all };
}
