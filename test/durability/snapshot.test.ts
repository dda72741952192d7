import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { ChangeStream } from "#torus/durability/change-stream.js";
import { SnapshotFileWriter } from "#torus/durability/snapshot-file.js";
import { listSnapshots, snapshotPath } from "#torus/durability/snapshot-files.js";
import { readSnapshot, type SnapshotContents, UnusableSnapshot } from "#torus/durability/snapshot-reader.js";
import { SnapshotFailure, SnapshotWriter } from "#torus/durability/snapshot-writer.js";
import { HostError } from "#torus/host/host-error.js";
import type { SimHost } from "#torus/host/sim/sim-host.js";
import type { World } from "#torus/host/sim/world.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { Replay } from "#torus/keyspace/replay.js";
import { CommandRunner } from "../support/command-runner.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { START_MS, smallKeyspace } from "../support/small-keyspace.js";
import { worldOf } from "../support/world.js";
import { ManualTime } from "./manual-time.js";

const DIRECTORY = "data";

/** A keyspace with its stream on a simulated machine that has a disk. */
class Place {
  readonly world: World;
  readonly host: SimHost;
  readonly keyspace = smallKeyspace({ origin: 1 });
  readonly stream: ChangeStream;
  readonly #runner = new CommandRunner(this.keyspace, SMALL_LIMITS);

  constructor(seed: string) {
    this.world = worldOf(seed);
    this.host = this.world.host("a");
    this.host.disk.volume.createDirectory(DIRECTORY);
    const { timers } = this.host;
    this.stream = new ChangeStream({ keyspace: this.keyspace, timers, position: 500 });
  }

  run(...words: string[]): void {
    this.#runner.execute(...words);
    this.#runner.takeReplies();
    this.keyspace.journal?.ended();
  }

  writer(sequence = 1): SnapshotFileWriter {
    const { keyspace, stream, host } = this;
    const { clock, timers, checksum, disk, random } = host;
    const place = { disk, random, directory: DIRECTORY, sequence };
    return new SnapshotFileWriter({ keyspace, stream, clock, timers, checksum, ...place });
  }

  /** Loads a snapshot into a keyspace of its own. */
  async read(path: string): Promise<{ keyspace: Keyspace; contents: SnapshotContents }> {
    const keyspace = smallKeyspace({ origin: 1 });
    const { clock, timers, checksum, disk } = this.host;
    const still = { wallMs: () => START_MS, monotonicMs: () => clock.monotonicMs() };
    const options = { keyspace, limits: SMALL_LIMITS, clock: still, checksum: null };
    const target = new Replay({ ...options, batchBytesMax: 2 ** 30 });
    const contents = await readSnapshot({ disk, clock, timers, checksum, path, sequence: 1, target });
    while (!target.finish(1));
    return { keyspace, contents };
  }

  async names(): Promise<readonly string[]> {
    return this.host.disk.list(DIRECTORY);
  }
}

/** What `GET` sees of each key. */
function valuesOf(keyspace: Keyspace, keys: readonly string[]): Record<string, string> {
  const runner = new CommandRunner(keyspace, SMALL_LIMITS);
  return Object.fromEntries(keys.map((key) => [key, runner.run("get", key)]));
}

async function failureOf(outcome: Promise<unknown>): Promise<unknown> {
  return outcome.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("snapshot", () => {
  it("is a file of all that there was, and of what changed while it was written", async () => {
    const place = new Place("changes");
    const keys = Array.from({ length: 400 }, (_, i) => `key${i}`);
    for (const key of keys) place.run("set", key, `${key} before`.padEnd(30_000, "."));
    const before = place.stream.position;
    const writing = place.writer().write();
    const { timers } = place.host;
    let changes = 0;
    const change = (): void => {
      if (changes === keys.length || place.keyspace.journal === null) return;
      place.run("append", keys[changes++]!, "!");
      place.run("set", `new${changes}`, "value");
      timers.afterTurn(change);
    };
    timers.after(0.5, change);
    const written = await place.world.complete(writing);
    expect(changes, "the walk takes more than a turn").to.be.greaterThan(3);
    const { keyspace, contents } = await place.world.complete(place.read(written.path));
    const names = [...keys, ...Array.from({ length: changes }, (_, i) => `new${i + 1}`)];
    expect(valuesOf(keyspace, names)).to.deep.equal(valuesOf(place.keyspace, names));
    expect(contents).to.include({ startPosition: before, position: place.stream.position, databases: 2 });
    expect(contents.keys).to.be.within(keys.length, names.length);
    expect(contents.bytes).to.equal(written.bytes);
    expect(await place.world.complete(place.names())).to.deep.equal(["snapshot-0000000001.torus"]);
    expect(place.keyspace.journal, "nobody listens any more").to.equal(null);
  });

  it("holds values of many megabytes, in texts and in fields", async () => {
    const place = new Place("large");
    const text = "0123456789".repeat(400_000);
    place.run("set", "text", text);
    for (let i = 0; i < 300; i++) place.run("hset", "hash", `f${i}`, String(i).repeat(50));
    place.run("hset", "hash", "long", text);
    const { path } = await place.world.complete(place.writer().write());
    const { keyspace } = await place.world.complete(place.read(path));
    const original = new CommandRunner(place.keyspace, SMALL_LIMITS);
    const copy = new CommandRunner(keyspace, SMALL_LIMITS);
    expect(copy.ask("get", "text")).to.deep.equal(original.ask("get", "text"));
    expect(copy.run("hlen", "hash")).to.equal("301");
    expect(copy.ask("hget", "hash", "long")).to.deep.equal(original.ask("hget", "hash", "long"));
    expect(copy.ask("hget", "hash", "f299")).to.deep.equal(original.ask("hget", "hash", "f299"));
  });

  it("takes at most 17 bytes a record beyond key and value", async () => {
    const place = new Place("size");
    const count = 20_000;
    for (let i = 0; i < count; i++) place.run("set", String(i).padStart(16, "k"), "v".repeat(100));
    const { bytes, keys, records } = await place.world.complete(place.writer().write());
    expect({ keys, records }).to.deep.equal({ keys: count, records: count });
    expect(bytes / count - 116).to.be.at.most(17);
  });

  it("is refused with any byte changed, and cut at any place", async () => {
    const place = new Place("damage");
    place.run("set", "k", "some text", "px", "1000");
    place.run("incr", "n");
    place.run("hset", "h", "f", "v");
    place.run("del", "n");
    const { path, bytes } = await place.world.complete(place.writer().write());
    const { disk } = place.host;
    const good = Buffer.alloc(bytes);
    const file = await place.world.complete(disk.open(path, "write"));
    await place.world.complete(file.read(good, 0));
    const refusal = async (): Promise<unknown> => place.world.complete(failureOf(place.read(path)));
    expect(await refusal()).to.equal(undefined);
    for (let at = 0; at < bytes; at++) {
      const damaged = Buffer.from(good);
      damaged[at]! ^= 1 << (at % 8);
      await place.world.complete(file.write([damaged], 0));
      const error = await refusal();
      expect(error, `byte ${at}`).to.be.instanceOf(UnusableSnapshot);
      expect((error as UnusableSnapshot).message).to.include(path);
      expect((error as UnusableSnapshot).offset, `byte ${at}`).to.be.at.most(at);
    }
    for (let length = bytes - 1; length >= 0; length--) {
      await place.world.complete(file.write([good], 0));
      await place.world.complete(file.truncate(length));
      expect(await refusal(), `${length} bytes`).to.be.instanceOf(UnusableSnapshot);
    }
    await place.world.complete(file.write([good, Buffer.alloc(1)], 0));
    expect(await refusal(), "a byte too many").to.be.instanceOf(UnusableSnapshot);
  });

  it("leaves nothing behind if the disk fails, and says how it failed", async () => {
    for (const fault of ["failingWrites", "failingSyncs"] as const) {
      const place = new Place(fault);
      place.run("set", "k", "v");
      place.host.disk.faults[fault] = 1;
      const error = await place.world.complete(failureOf(place.writer().write()));
      expect(error).to.be.instanceOf(HostError);
      expect((error as HostError).code).to.equal("EIO");
      expect(await place.world.complete(place.names())).to.deep.equal([]);
      expect(place.keyspace.journal).to.equal(null);
      await place.world.complete(place.writer().write());
      expect(await place.world.complete(listSnapshots(place.host.disk, DIRECTORY))).to.deep.equal([
        { path: snapshotPath(DIRECTORY, 1), sequence: 1, isPart: false },
      ]);
    }
  });

  it("leaves nothing behind on a disk that is full", async () => {
    const place = new Place("full");
    for (let i = 0; i < 100; i++) place.run("set", `key${i}`, "v".repeat(10_000));
    place.host.disk.volume.capacityBytes = 500_000;
    const error = await place.world.complete(failureOf(place.writer().write()));
    expect((error as HostError).code).to.equal("ENOSPC");
    expect(await place.world.complete(place.names())).to.deep.equal([]);
    place.host.disk.volume.capacityBytes = 5_000_000;
    await place.world.complete(place.writer().write());
  });

  it("leaves nothing behind if it is given up", async () => {
    const place = new Place("cancel");
    place.run("set", "k", "v");
    const writer = place.writer();
    const writing = failureOf(writer.write());
    writer.cancel("the node closes");
    const error = await place.world.complete(writing);
    expect(error).to.be.instanceOf(SnapshotFailure);
    expect((error as Error).message).to.equal("the node closes");
    expect(await place.world.complete(place.names())).to.deep.equal([]);
  });

  it("begins anew when databases change places", async () => {
    const place = new Place("swap");
    for (let i = 0; i < 300; i++) place.run("set", `key${i}`, "v".repeat(30_000));
    const writer = place.writer();
    const writing = writer.write();
    let wasUnderWay = false;
    const { timers } = place.host;
    const swap = (): void => {
      wasUnderWay = writer.keys > 0 && writer.keys < 300;
      if (wasUnderWay) place.run("swapdb", "0", "1");
      else if (writer.keys === 0) timers.after(0.01, swap);
    };
    timers.after(0, swap);
    const { path } = await place.world.complete(writing);
    expect(wasUnderWay).to.equal(true);
    const { keyspace } = await place.world.complete(place.read(path));
    expect(keyspace.databases.map(({ size }) => size)).to.deep.equal([0, 300]);
  });

  it("fails rather than let changes wait without end", async () => {
    const place = new Place("congested");
    const { keyspace, host } = place;
    // More than the walk tells before it waits for the disk.
    for (let i = 0; i < 10; i++) place.run("set", `key${i}`, "v".repeat(2 ** 20));
    const turns = new ManualTime();
    const stream = new ChangeStream({ keyspace, timers: turns, position: 0 });
    const { clock, checksum } = host;
    let release = (): void => {};
    const slow = new Promise<void>((resolve) => (release = resolve));
    const writer = new SnapshotWriter(
      { keyspace, stream, clock, timers: turns, checksum },
      LABEL,
      () => slow,
    );
    const writing = failureOf(writer.write());
    for (let i = 0; i < 66; i++) {
      place.run("set", "k", "v".repeat(2 ** 20));
      turns.endTurn();
    }
    release();
    const error = await writing;
    expect(error).to.be.instanceOf(SnapshotFailure);
    expect((error as Error).message).to.match(/faster than they can be written/);
  });

  it("is told from one of a newer format, and from one under another's name", async () => {
    const place = new Place("names");
    const { path } = await place.world.complete(place.writer().write());
    const other = snapshotPath(DIRECTORY, 1);
    expect(path).to.equal(other);
    const second = await place.world.complete(place.writer(2).write());
    const error = await place.world.complete(failureOf(place.read(second.path)));
    expect((error as UnusableSnapshot).reason).to.match(/it is number 2, and its name says 1/);
    expect((error as UnusableSnapshot).isNewer).to.equal(false);
    const { disk } = place.host;
    const file = await place.world.complete(disk.open(path, "write"));
    const head = Buffer.alloc(48);
    await place.world.complete(file.read(head, 0));
    head.writeUInt32LE(2, 8);
    head.writeUInt32LE(crc32(head, 0, 44), 44);
    await place.world.complete(file.write([head], 0));
    const newer = (await place.world.complete(failureOf(place.read(path)))) as UnusableSnapshot;
    expect(newer.isNewer).to.equal(true);
    expect(newer.message).to.match(/snapshot-0000000001\.torus: format 2 is not known/);
  });
});

const LABEL = { sequence: 1, salt: 12345 };
