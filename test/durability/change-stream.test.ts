import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { slotOf } from "#torus/base/key-hash.js";
import { readBatch } from "#torus/delta/batch.js";
import type { Delta } from "#torus/delta/delta.js";
import { ChangeStream, type LocalConsumer, type StreamConsumer } from "#torus/durability/change-stream.js";
import type { EarlierLife } from "#torus/durability/local-tail.js";
import { CommandRunner } from "../support/command-runner.js";
import { smallKeyspace } from "../support/small-keyspace.js";
import { ManualTime } from "./manual-time.js";

const START = 1000;

class Collector implements StreamConsumer, LocalConsumer {
  readonly chunks: { readonly bytes: Buffer; readonly copy: Buffer; readonly start: number }[] = [];
  /** Batches that it was told that there are. */
  told = 0;

  take(bytes: Buffer, start: number): void {
    this.chunks.push({ bytes, copy: Buffer.from(bytes), start });
  }

  takeLocal(bytes: Buffer, start: number, batches: number): void {
    this.take(bytes, start);
    this.told += batches;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks.map(({ bytes }) => bytes));
  }

  batches(): (readonly Delta[])[] {
    const { bytes } = this;
    const batches: (readonly Delta[])[] = [];
    for (let start = 0; start < bytes.length; ) {
      const reading = readBatch(
        { bytes, start, end: bytes.length },
        { checksum: crc32, batchBytesMax: 2 ** 30 },
      );
      if (reading.kind !== "batch") throw new Error(`a batch is ${reading.kind}`);
      batches.push(reading.deltas);
      start = reading.end;
    }
    return batches;
  }
}

function slot(key: string): number {
  return slotOf(Buffer.from(key), 0, key.length);
}

describe("the change stream", () => {
  function setUp(earlier?: EarlierLife) {
    const keyspace = smallKeyspace();
    const turns = new ManualTime();
    const stream = new ChangeStream({ keyspace, timers: turns, position: START, earlier });
    const runner = new CommandRunner(keyspace);
    /** Runs commands as one transaction. */
    const run = (...commands: string[]) => {
      for (const command of commands) runner.execute(...command.split(" "));
      runner.takeReplies();
      keyspace.journal?.ended();
    };
    return { keyspace, turns, stream, run, collector: new Collector() };
  }

  it("costs a keyspace nothing while nobody consumes it", () => {
    const { keyspace, stream, run, collector } = setUp();
    expect(keyspace.journal).equal(null);
    run("SET a 1");
    const leave = stream.subscribe(collector);
    expect(keyspace.journal).not.equal(null);
    leave();
    expect(keyspace.journal).equal(null);
    run("SET a 2");
    expect(stream.position).equal(START);
    expect(collector.chunks).deep.equal([]);
  });

  it("hands over once a turn, whole batches in order, each chunk where the one before it ended", () => {
    const { stream, run, turns, collector } = setUp();
    stream.subscribe(collector);
    run("SET a 1");
    run("SET b 2", "INCR c");
    run("GET a");
    expect(collector.chunks.length).equal(0);
    expect(turns.turnCount).equal(1);
    turns.endTurn();
    expect(collector.chunks.length).equal(1);
    expect(collector.batches().map((deltas) => deltas.length)).deep.equal([1, 2]);
    run("DEL a b");
    turns.endTurn();
    const [first, second] = collector.chunks;
    expect(first!.start).equal(START);
    expect(second!.start).equal(START + first!.bytes.length);
    expect(stream.position).equal(second!.start + second!.bytes.length);
    turns.endTurn();
    expect(collector.chunks.length, "nothing happened since").equal(2);
  });

  it("never changes bytes that it handed out, whatever comes after them", () => {
    const { stream, run, collector } = setUp();
    stream.subscribe(collector);
    const value = "v".repeat(40_000);
    for (let i = 0; i < 100; i++) {
      run(`SET key:${i} ${value}${i}`);
      stream.flushNow();
    }
    run(`SET large ${"w".repeat(3_000_000)}`);
    for (let i = 0; i < 100; i++) run(`SET key:${i} ${i}`);
    stream.flushNow();
    for (const { bytes, copy } of collector.chunks) expect(bytes.equals(copy)).equal(true);
    expect(collector.batches().length).equal(201);
    expect(stream.position).equal(START + collector.bytes.length);
  });

  it("hands over within a turn what grows long, so that no chunk is much longer than one batch", () => {
    const { stream, run, collector } = setUp();
    stream.subscribe(collector);
    for (let i = 0; i < 100; i++) run(`SET key:${i} ${"v".repeat(50_000)}`);
    expect(collector.chunks.length).greaterThan(5);
    for (const { bytes } of collector.chunks) expect(bytes.length).lessThan(600_000);
  });

  it("knows behind which batch each slot was last touched", () => {
    const { stream, run, collector } = setUp();
    stream.subscribe(collector);
    expect(stream.positionOf(slot("a"))).equal(0);
    run("SET a 1");
    const afterA = stream.position;
    run("SET b 1", "SET c 1", "SET b 2");
    const afterB = stream.position;
    run("GET a");
    expect(stream.positionOf(slot("a"))).equal(afterA);
    expect(stream.positionOf(slot("b"))).equal(afterB);
    expect(stream.positionOf(slot("c"))).equal(afterB);
    stream.flushNow();
    expect(stream.positionOf(slot("a"))).equal(afterA);
    expect(stream.positionOf(slot("d"))).equal(0);
  });

  for (const command of ["FLUSHDB", "SWAPDB 0 1"]) {
    it(`counts ${command} as touching every slot`, () => {
      const { stream, run, collector } = setUp();
      stream.subscribe(collector);
      run("SET a 1");
      run(command);
      const after = stream.position;
      for (const key of ["a", "b"]) expect(stream.positionOf(slot(key))).equal(after);
      run("SET a 1");
      expect(stream.positionOf(slot("a"))).equal(stream.position);
      expect(stream.positionOf(slot("b"))).equal(after);
    });
  }

  it("counts a transaction of very many slots as touching at least those", () => {
    const { stream, run, collector } = setUp();
    stream.subscribe(collector);
    const keys = Array.from({ length: 1000 }, (_, i) => `key:${i}`);
    run(...keys.map((key) => `SET ${key} 1`));
    for (const key of keys) expect(stream.positionOf(slot(key))).equal(stream.position);
    run("SET a 1");
    expect(stream.positionOf(slot("b")), "the list of slots began anew").lessThan(stream.position);
  });

  it("gives a consumer all from when it came until it left, others' business aside", () => {
    const { stream, run, collector, turns } = setUp();
    const late = new Collector();
    stream.subscribe(collector);
    run("SET a 1");
    const came = stream.position;
    const leave = stream.subscribe(late);
    run("SET b 2");
    const left = stream.position;
    leave();
    leave();
    run("SET c 3");
    turns.endTurn();
    expect(late.chunks[0]!.start).equal(came);
    expect(came + late.bytes.length).equal(left);
    expect(START + collector.bytes.length).equal(stream.position);
  });

  it("lets a consumer leave while it is given something", () => {
    const { stream, run, collector, turns } = setUp();
    stream.subscribe(collector);
    const leave = stream.subscribe({
      take() {
        leave();
        stream.flushNow();
      },
    });
    run("SET a 1");
    turns.endTurn();
    run("SET a 2");
    turns.endTurn();
    expect(collector.batches().length).equal(2);
  });

  describe("of what this node and others execute", () => {
    const theirs = (text: string) => Buffer.from(text);
    const expectContiguous = ({ chunks }: Collector, start: number) => {
      let position = start;
      for (const chunk of chunks) {
        expect(chunk.start).equal(position);
        position += chunk.bytes.length;
      }
      return position;
    };

    it("hands all to who keeps it, in order, and what is local alone to who ships it", () => {
      const { keyspace, stream, run, collector } = setUp();
      const shipper = new Collector();
      stream.subscribe(collector);
      stream.ship(shipper);
      const received = [theirs("first of theirs"), theirs("second")];
      run("SET a 1", "SET b 2");
      run("SET a 2");
      keyspace.journal!.received(received[0]!, Int32Array.of(slot("a")), 1);
      run("SET c 3");
      const range = { bytes: theirs("of a slot"), start: 0, end: 9 };
      keyspace.journal!.applied(range, 7);
      keyspace.journal!.applied(range, 8);
      run("SET d 4");
      keyspace.journal!.received(received[1]!, Int32Array.of(slot("a")), 1);
      stream.flushNow();
      expect(shipper.batches().map((deltas) => deltas.length)).deep.equal([2, 1, 1, 1]);
      expect(shipper.told).equal(4);
      expect(expectContiguous(shipper, 0)).equal(stream.localPosition);
      expect(expectContiguous(collector, START)).equal(stream.position);
      const [ours, first, c, applied, d, second] = collector.chunks.map(({ bytes }) => bytes);
      expect([first, second], "the very bytes that came").deep.equal(received);
      expect(shipper.bytes).deep.equal(Buffer.concat([ours!, c!, d!]));
      expect(applied!.toString()).to.contain("of a slotof a slot");
      expect(collector.chunks.length).equal(6);
    });

    describe("says to who keeps it how far the local one is", () => {
      const BOOT = 7;
      const saidBy = ({ chunks }: Collector): Delta[] =>
        chunks.flatMap(({ bytes }) => {
          const reading = readBatch(
            { bytes, start: 0, end: bytes.length },
            { checksum: crc32, batchBytesMax: 2 ** 30 },
          );
          return reading.kind === "batch" && reading.deltas[0]!.kind === "local" ? reading.deltas : [];
        });

      it("behind all that is local, once it is asked to, and as long as somebody ships", () => {
        const { keyspace, stream, run, collector } = setUp();
        keyspace.boot = BOOT;
        const shipper = new Collector();
        stream.subscribe(collector);
        stream.note();
        const leave = stream.ship(shipper);
        run("SET a 1");
        stream.flushNow();
        expect(saidBy(collector), "nobody asked").deep.equal([]);
        const first = stream.localPosition;
        stream.note();
        stream.note();
        run("SET b 1");
        stream.flushNow();
        const second = stream.localPosition;
        keyspace.journal!.received(theirs("theirs"), Int32Array.of(slot("a")), 1);
        stream.flushNow();
        run("SET c 1");
        keyspace.journal!.applied({ bytes: theirs("of a slot"), start: 0, end: 9 }, 7);
        run("SET d 1");
        stream.flushNow();
        const said = saidBy(collector);
        expect(said[0]).deep.equal({ kind: "local", boot: BOOT, position: first });
        expect(said[1]).deep.equal({ kind: "local", boot: BOOT, position: second });
        expect(said.at(-1)).deep.equal({ kind: "local", boot: BOOT, position: stream.localPosition });
        expect(said.length).equal(4);
        expect(expectContiguous(collector, START)).equal(stream.position);
        expect(expectContiguous(shipper, 0), "it is not shipped").equal(stream.localPosition);
        leave();
        run("SET e 1");
        run("SET f 1");
        stream.flushNow();
        stream.ship(shipper);
        run("SET g 1");
        stream.flushNow();
        expect(saidBy(collector).slice(4), "what it executes for itself").deep.equal([
          { kind: "local", boot: 0, position: 0 },
        ]);
      });

      it("that nobody knows, if an earlier life said what is not right any more", () => {
        const { stream, run, collector } = setUp({
          boot: 3,
          position: 500,
          tail: Buffer.alloc(0),
          tailBatches: 0,
        });
        stream.subscribe(collector);
        stream.ship(new Collector());
        expect(saidBy(collector)).deep.equal([]);
        for (const command of ["SET a 1", "SET a 2"]) {
          run(command);
          stream.flushNow();
        }
        expect(saidBy(collector)).deep.equal([{ kind: "local", boot: 0, position: 0 }]);
      });

      it("to who comes later as well, though nothing happens", () => {
        const { stream, run, collector } = setUp();
        const late = new Collector();
        stream.subscribe(collector);
        stream.ship(new Collector());
        stream.note();
        run("SET a 1");
        stream.subscribe(late);
        expect(late.chunks, "as soon as it is handed something").deep.equal([]);
        stream.flushNow();
        stream.flushNow();
        expect(saidBy(late)).deep.equal([{ kind: "local", boot: 0, position: stream.localPosition }]);
      });
    });

    it("ends what was applied where this node goes on, though nobody said so", () => {
      const { keyspace, stream, run } = setUp();
      const shipper = new Collector();
      stream.ship(shipper);
      for (const command of ["SET a 1", "FLUSHDB"]) {
        keyspace.journal!.applied({ bytes: theirs("deltas"), start: 0, end: 6 }, 7);
        run(command);
      }
      expect(stream.localPositionOf(slot("a"))).equal(stream.localPosition);
      stream.flushNow();
      expect(shipper.batches().map(([delta]) => delta!.kind)).deep.equal(["record", "flush"]);
    });

    it("knows behind which local batch each slot was last touched, and behind which of all", () => {
      const { keyspace, stream, run, collector } = setUp();
      stream.subscribe(collector);
      run("SET a 1");
      expect(stream.localPositionOf(slot("a")), "nobody shipped").equal(0);
      const before = stream.localPosition;
      const leave = stream.ship(new Collector());
      run("SET a 2");
      const afterA = stream.localPosition;
      expect(afterA).greaterThan(before);
      keyspace.journal!.received(theirs("theirs"), Int32Array.of(slot("a"), slot("b")), 2);
      expect(stream.localPosition).equal(afterA);
      expect(stream.localPositionOf(slot("a"))).equal(afterA);
      expect(stream.localPositionOf(slot("b"))).equal(0);
      for (const key of ["a", "b"]) expect(stream.positionOf(slot(key))).equal(stream.position);
      keyspace.journal!.received(theirs("of any"), new Int32Array(1), 2);
      expect(stream.positionOf(slot("c"))).equal(stream.position);
      run("FLUSHDB");
      expect(stream.localPositionOf(slot("b"))).equal(stream.localPosition);
      leave();
      expect(stream.localPositionOf(slot("a")), "nobody ships any more").equal(0);
    });

    it("listens to the keyspace while anybody keeps or ships, and no longer", () => {
      const { keyspace, stream, run, collector } = setUp();
      const shipper = new Collector();
      const leave = stream.subscribe(collector);
      const stop = stream.ship(shipper);
      run("SET a 1");
      leave();
      expect(keyspace.journal).not.equal(null);
      run("SET a 2");
      stop();
      stop();
      expect(keyspace.journal).equal(null);
      run("SET a 3");
      expect([collector.batches().length, shipper.batches().length]).deep.equal([1, 2]);
    });

    it("never changes bytes that it handed out, whatever of it is local", () => {
      const { keyspace, stream, run, collector } = setUp();
      const shipper = new Collector();
      stream.subscribe(collector);
      stream.ship(shipper);
      const range = { bytes: Buffer.alloc(3000, "x"), start: 0, end: 3000 };
      for (let i = 0; i < 300; i++) {
        run(`SET key:${i} ${"v".repeat(2 ** (i % 16))}`);
        if (i % 3 === 0) keyspace.journal!.applied(range, 7);
        if (i % 7 === 0) keyspace.journal!.received(theirs(`theirs ${i}`), Int32Array.of(7), 1);
        if (i % 5 === 0) stream.flushNow();
      }
      stream.flushNow();
      for (const { chunks } of [collector, shipper]) {
        for (const { bytes, copy } of chunks) expect(bytes.equals(copy)).equal(true);
      }
      expect(shipper.batches().length).equal(300);
      expect(expectContiguous(shipper, 0)).equal(stream.localPosition);
      expect(expectContiguous(collector, START)).equal(stream.position);
    });
  });
});
