import { expect } from "chai";
import { OUTSIDE_BYTES } from "#torus/keyspace/record.js";
import { CommandRunner } from "../support/command-runner.js";
import { DeltaTap } from "../support/delta-tap.js";
import { smallKeyspace } from "../support/small-keyspace.js";

/** A keyspace with a text of so many zeros at `k`, the commands on it, and what it tells of them. */
function withText(length: number) {
  const keyspace = smallKeyspace();
  const commands = new CommandRunner(keyspace);
  commands.run("SETRANGE", "k", length - 1, "\0");
  const tap = new DeltaTap(keyspace);
  return { keyspace, commands, tap };
}

describe("BITFIELD", () => {
  it("tells of a large value only what it changed", () => {
    const { commands, tap } = withText(1_000_000);
    commands.run(
      "BITFIELD",
      "k",
      "INCRBY",
      "u8",
      "#500",
      7,
      "GET",
      "u8",
      "#999999",
      "SET",
      "u16",
      "#4000",
      1,
    );
    const patches = tap.take();
    expect(patches.map(({ kind }) => kind)).to.deep.equal(["patch", "patch"]);
    expect(patches).to.deep.include.members([
      { ...patches[0]!, offset: 500, bytes: Buffer.of(7) },
      { ...patches[1]!, offset: 8000, bytes: Buffer.of(0, 1) },
    ]);
  });

  it("tells of neighbours together", () => {
    const { commands, tap } = withText(1000);
    const fields = Array.from({ length: 10 }, (_, i) => ["INCRBY", "u8", `#${200 - 7 * i}`, i + 1]).flat();
    commands.run("BITFIELD", "k", ...fields);
    const [patch, ...others] = tap.take();
    expect(others).to.deep.equal([]);
    if (patch?.kind !== "patch") throw new Error("no patch");
    expect([patch.offset, patch.bytes.length]).to.deep.equal([137, 64]);
  });

  it("tells once of the whole value rather than of parts that would take more", () => {
    const { commands, tap } = withText(3000);
    const fields = Array.from({ length: 100 }, (_, i) => ["SET", "u8", `#${(i * 1377) % 3000}`, 1]).flat();
    commands.run("BITFIELD", "k", ...fields);
    const [patch, ...others] = tap.take();
    expect(others).to.deep.equal([]);
    if (patch?.kind !== "patch") throw new Error("no patch");
    expect([patch.offset, patch.bytes.length]).to.deep.equal([0, 3000]);
  });

  it("tells nothing of what changes nothing, and a counter stays one", () => {
    const { commands, tap } = withText(10);
    commands.run("BITFIELD", "k", "SET", "u8", 0, 0, "OVERFLOW", "FAIL", "SET", "u8", 8, 256);
    expect(tap.take()).to.deep.equal([]);
    commands.run("INCR", "n");
    tap.take();
    expect(commands.run("BITFIELD", "n", "SET", "u8", 0, 0x31)).to.equal("[49]");
    expect(tap.take()).to.deep.equal([]);
    commands.run("INCR", "n");
    const [counted] = tap.take();
    if (counted?.kind !== "record") throw new Error("no record");
    expect(counted.state.body?.kind).to.equal("counter");
  });

  it("reads far beyond the end without making room for it", () => {
    const { commands, keyspace } = withText(OUTSIDE_BYTES + 1);
    const before = keyspace.usedBytes;
    const far = 2 ** 32 - 1;
    expect(commands.run("BITFIELD", "k", "GET", "i64", far, "SET", "u8", 0, 1, "GET", "u8", far)).to.equal(
      "[0 0 0]",
    );
    expect(keyspace.usedBytes).to.equal(before);
  });

  it("leaves a deadline as it is where nothing changes", () => {
    const { commands, tap } = withText(10);
    commands.run("PEXPIRE", "k", 5000);
    tap.take();
    commands.run("BITFIELD", "k", "SET", "u8", 0, 0);
    expect(tap.take()).to.deep.equal([]);
    expect(commands.run("PTTL", "k")).to.equal("5000");
  });
});

describe("BITOP", () => {
  it("keeps a result of its own, which edits of it or of its sources leave alone", () => {
    const { commands } = withText(2 * OUTSIDE_BYTES);
    commands.run("BITOP", "OR", "d", "k");
    commands.run("SETBIT", "k", 0, 1);
    expect(commands.run("GETBIT", "d", 0)).to.equal("0");
    commands.run("SETBIT", "d", 1, 1);
    expect(commands.run("GETBIT", "k", 1)).to.equal("0");
  });

  it("gives back all memory that it took", () => {
    const { commands, keyspace } = withText(2 * OUTSIDE_BYTES);
    commands.run("BITOP", "NOT", "d", "k");
    commands.run("DEL", "d");
    const before = keyspace.usedBytes;
    for (let i = 0; i < 3; i++) commands.run("BITOP", "NOT", "d", "k");
    commands.run("BITOP", "AND", "d", "absent");
    expect(commands.run("EXISTS", "d")).to.equal("0");
    expect(keyspace.usedBytes).to.equal(before);
  });
});
