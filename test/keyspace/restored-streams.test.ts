import { expect } from "chai";
import { ByteWriter } from "#torus/base/byte-writer.js";
import type { Delta } from "#torus/delta/delta.js";
import { applyDelta } from "#torus/keyspace/delta-application.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import type { PackingLimits } from "#torus/keyspace/packing-limits.js";
import { endPayload } from "#torus/rdb/payload.js";
import { CommandRunner } from "../support/command-runner.js";
import { DeltaTap } from "../support/delta-tap.js";
import { streamPayload } from "../support/dump-payloads.js";
import { SMALL_LIMITS } from "../support/hash-fields.js";
import { contentsOf } from "../support/keyspace-contents.js";
import { smallKeyspace } from "../support/small-keyspace.js";

const LIMITS: PackingLimits = { ...SMALL_LIMITS, streamNodeMaxBytes: 4096, streamNodeMaxEntries: 100 };
const OK = "OK";
const PAYLOAD = streamPayload({
  ids: [1, 2, 3, 7],
  values: ["a", "", "c", "d".repeat(300)],
  deletedId: 5,
  added: 9,
  groups: [
    {
      name: "g",
      lastId: 3,
      read: 4,
      consumers: ["alice", "bob"],
      pending: [
        { id: 1, consumer: 1, times: 3 },
        { id: 3, consumer: 0, times: 1 },
      ],
    },
    { name: "unknown", lastId: 2, read: -1, consumers: [], pending: [] },
  ],
});

class Side {
  readonly keyspace: Keyspace;
  readonly deltas: Delta[] = [];
  readonly #commands: CommandRunner;
  readonly #tap: DeltaTap;

  constructor(origin: number) {
    this.keyspace = smallKeyspace({ origin, keepTombstones: true });
    this.#commands = new CommandRunner(this.keyspace, LIMITS);
    this.#tap = new DeltaTap(this.keyspace);
  }

  run(...words: readonly string[]): string {
    const reply = this.#commands.run(...words);
    this.deltas.push(...this.#tap.take());
    return reply;
  }

  hear(deltas: readonly Delta[]): void {
    for (const delta of deltas) applyDelta(this.keyspace, LIMITS, delta);
    this.#tap.take();
  }
}

describe("a stream that is restored", () => {
  it("is the same at those who are told of it, and stays so whatever both sides do with it", () => {
    const [ours, theirs] = [new Side(1), new Side(2)];
    expect(ours.run("restore", "s", "0", PAYLOAD)).to.equal(OK);
    theirs.hear(ours.deltas.splice(0));
    for (const words of [
      ["xinfo", "stream", "s", "full"],
      ["xpending", "s", "g", "-", "+", "10"],
    ]) {
      expect(theirs.run(...words)).to.equal(ours.run(...words));
    }
    ours.run("xreadgroup", "group", "g", "alice", "streams", "s", ">");
    ours.run("xack", "s", "g", "1");
    ours.run("xadd", "s", "*", "f", "ours");
    ours.run("xdel", "s", "2");
    theirs.run("xadd", "s", "*", "f", "theirs");
    theirs.run("xgroup", "delconsumer", "s", "g", "bob");
    theirs.run("xgroup", "create", "s", "new", "0");
    theirs.run("xtrim", "s", "maxlen", "3");
    const [ofOurs, ofTheirs] = [ours.deltas.splice(0), theirs.deltas.splice(0)];
    ours.hear(ofTheirs);
    theirs.hear(ofOurs);
    expect(contentsOf(theirs.keyspace, ["s"])).to.deep.equal(contentsOf(ours.keyspace, ["s"]));
    expect(theirs.run("xrange", "s", "-", "+")).to.equal(ours.run("xrange", "s", "-", "+"));
  });

  it("ends the life of what was there, whatever the other side adds to that", () => {
    const [ours, theirs] = [new Side(1), new Side(2)];
    ours.run("xadd", "s", "50-0", "f", "before");
    ours.run("xgroup", "create", "s", "g", "0");
    theirs.hear(ours.deltas.splice(0));
    theirs.run("xadd", "s", "60-0", "f", "of the life before");
    theirs.run("xreadgroup", "group", "g", "carol", "streams", "s", ">");
    ours.run("restore", "s", "0", PAYLOAD, "replace");
    const [ofOurs, ofTheirs] = [ours.deltas.splice(0), theirs.deltas.splice(0)];
    ours.hear(ofTheirs);
    theirs.hear(ofOurs);
    expect(contentsOf(theirs.keyspace, ["s"])).to.deep.equal(contentsOf(ours.keyspace, ["s"]));
    expect(ours.run("xlen", "s")).to.equal("4");
    expect(ours.run("xpending", "s", "g")).to.equal(theirs.run("xpending", "s", "g"));
  });

  it("from a payload that is cut or bent under a right checksum is a stream, or all stays as it was", () => {
    const side = new Side(1);
    side.run("restore", "s", "0", PAYLOAD);
    const content = Buffer.from(PAYLOAD, "latin1").subarray(0, -10);
    let restored = 0;
    for (let at = 1; at < content.length; at++) {
      const bent = Buffer.from(content);
      bent[at]! ^= 1 << (at % 8);
      for (const bytes of [content.subarray(0, at), bent]) {
        const before = contentsOf(side.keyspace, ["s"]);
        side.deltas.length = 0;
        const reply = side.run("restore", "s", "0", sealed(bytes), "replace");
        if (reply === OK) {
          restored++;
          side.run("xinfo", "stream", "s", "full", "count", "0");
          side.run("dump", "s");
        } else {
          expect(reply).to.equal('-"ERR Bad data format"');
          expect(contentsOf(side.keyspace, ["s"])).to.deep.equal(before);
          expect(side.deltas).to.deep.equal([]);
        }
      }
    }
    expect(restored).to.be.greaterThan(10);
  });
});

function sealed(content: Uint8Array): string {
  const writer = new ByteWriter({ bytesMax: 2 ** 20 });
  writer.range({ bytes: content, start: 0, end: content.length });
  endPayload(writer);
  return writer.written().toString("latin1");
}
