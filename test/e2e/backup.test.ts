import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { expect } from "chai";
import { type KeptNode, ScratchDirectory, startOn, torus } from "../support/kept-node.js";
import { NumberedWriter } from "../support/numbered-writer.js";
import type { Run } from "../support/program.js";
import { eventually } from "../support/vitals.js";
import type { WireClient } from "../support/wire-client.js";

const LATER_MS = Date.now() + 86_400_000;
/** Longer than a frame holds. */
const LONG = "long ".repeat(600_000);
/** Enough that the set is large. */
const MEMBERS = Array.from({ length: 1000 }, (_, i) => `member ${i}`);

describe("torus backup and torus restore", () => {
  let scratch: ScratchDirectory;
  let node: KeptNode;
  let client: WireClient;

  before(async () => {
    scratch = await ScratchDirectory.make();
    node = await startOn(scratch.file("data"));
    client = await node.connect();
    await client.call("MSET", "text", "Roma", "", "the empty key", "long", LONG);
    await client.call("SET", "short-lived", "v", "PXAT", LATER_MS);
    await client.call("HSET", "hash", "field", "value", "count", 1);
    await client.call("HINCRBY", "hash", "count", 41);
    await client.call("SADD", "integers", 10, 9, 8);
    await client.call("SREM", "integers", 8);
    await client.call("SADD", "set", ...MEMBERS);
    await client.call("SREM", "set", MEMBERS[0]!);
    await client.call("RPUSH", "list", ...MEMBERS);
    await client.call("LPUSH", "list", 1, "first");
    await client.call("LINSERT", "list", "AFTER", "first", "inserted");
    await client.call("RPOP", "list");
    await client.call("ZADD", "small", 2, "b", 1, "a", 3, "c");
    await client.call("ZREM", "small", "b");
    await client.call("ZADD", "board", ...MEMBERS.flatMap((member, i) => [-i, member]));
    await client.call("ZINCRBY", "board", 1e6, MEMBERS[0]!);
    await client.call("GEOADD", "map", "13.361389", "38.115556", "Palermo");
    await client.call("INCRBY", "counter", 7);
    await client.call("INCRBYFLOAT", "float", "2.5");
    await client.call("SET", "gone", "v");
    await client.call("DEL", "gone");
    await client.call("SELECT", 5);
    await client.call("SET", "elsewhere", "in database 5");
    await client.call("SELECT", 0);
  });
  after(async () => {
    await node?.kill();
    await scratch?.remove();
  });

  it("copy a node under load, of which another one then has every key as it was", async () => {
    const writers = [new NumberedWriter("lone", 1), new NumberedWriter("many", 50)];
    let isOver = false;
    const connections = await Promise.all(writers.map(() => node.connect()));
    const load = Promise.all(
      writers.map((writer, i) => writer.write(connections[i]!, { stop: () => isOver })),
    );
    await eventually("the load is on", async () => {
      await client.call("PING");
      return writers.every((writer) => writer.acknowledged > 100);
    });
    const acknowledged = writers.map((writer) => writer.acknowledged);
    const made = await backup("full");
    isOver = true;
    await load;
    expect([made.code, made.errors]).to.deep.equal([0, ""]);
    expect(made.output).to.match(/full: \d+ keys, \d+ bytes, checked\n$/);
    expect(await readdir(scratch.path)).to.not.include("full.part");

    const restored = await torus("restore", scratch.file("full"), "--dir", scratch.file("copy"));
    expect([restored.code, restored.errors]).to.deep.equal([0, ""]);
    const copy = await startOn(scratch.file("copy"));
    const reader = await copy.connect();
    expect(await reader.ask("MGET", "text", "", "gone")).to.equal('["Roma" "the empty key" nil]');
    expect(await reader.ask("GET", "long")).to.equal(`"${LONG}"`);
    expect(await reader.ask("PEXPIRETIME", "short-lived")).to.equal(String(LATER_MS));
    expect(await reader.ask("HGETALL", "hash")).to.equal('["field" "value" "count" "42"]');
    expect(await reader.ask("SMEMBERS", "integers")).to.equal('["9" "10"]');
    expect(await reader.ask("SCARD", "set")).to.equal(String(MEMBERS.length - 1));
    expect(await reader.ask("SMISMEMBER", "set", MEMBERS[0]!, MEMBERS.at(-1)!)).to.equal("[0 1]");
    expect(await reader.ask("LLEN", "list")).to.equal(String(MEMBERS.length + 2));
    expect(await reader.ask("LRANGE", "list", 0, 3)).to.equal('["first" "inserted" "1" "member 0"]');
    expect(await reader.ask("LINDEX", "list", -1)).to.equal(`"${MEMBERS.at(-2)}"`);
    expect(await reader.ask("ZRANGE", "small", 0, -1, "WITHSCORES")).to.equal('["a" "1" "c" "3"]');
    expect(await reader.ask("ZRANK", "board", MEMBERS[0]!)).to.equal(String(MEMBERS.length - 1));
    expect(await reader.ask("ZRANGE", "board", 0, 0, "WITHSCORES")).to.equal('["member 999" "-999"]');
    expect(await reader.ask("GEOHASH", "map", "Palermo")).to.equal('["sqc8b49rny0"]');
    expect(await reader.ask("INCR", "counter")).to.equal("8");
    expect(await reader.ask("INCRBYFLOAT", "float", "1")).to.equal('"3.5"');
    expect(await reader.ask("SELECT", 5)).to.equal("OK");
    expect(await reader.ask("GET", "elsewhere")).to.equal('"in database 5"');
    expect(await reader.ask("SELECT", 0)).to.equal("OK");
    for (const [i, { name, depth, sent }] of writers.entries()) {
      const copied = new NumberedWriter(name, depth);
      copied.acknowledged = acknowledged[i]!;
      copied.sent = sent;
      await copied.verify(reader);
    }
    await copy.kill();
  });

  it("overwrite no file, and no directory with anything in it", async () => {
    await writeFile(scratch.file("mine"), "precious");
    expectRefusal(await backup("mine"), `${scratch.file("mine")} is there already`);
    expect(await readFile(scratch.file("mine"), "utf8")).to.equal("precious");

    await backup("good");
    await mkdir(scratch.file("full-house"));
    await writeFile(scratch.file("full-house/mine"), "precious");
    const directory = scratch.file("full-house");
    expectRefusal(
      await torus("restore", scratch.file("good"), "--dir", directory),
      `${directory} is not empty`,
    );
    expect(await readdir(directory)).to.deep.equal(["mine"]);
  });

  it("take no damaged backup, no other file and none at all, and then make no directory", async () => {
    await backup("sound");
    const sound = await readFile(scratch.file("sound"));
    const flipped = Buffer.from(sound);
    flipped[sound.length >> 1]! ^= 1;
    for (const [name, bytes, complaint] of [
      ["flipped", flipped, /at byte \d+/],
      ["short", sound.subarray(0, sound.length - 1), /at byte \d+/],
      ["empty", Buffer.alloc(0), /at byte 0/],
      [
        "other",
        Buffer.from("A text of somebody's that is longer than the head of a snapshot.\n"),
        /TORUSSNP/,
      ],
    ] as const) {
      await writeFile(scratch.file(name), bytes);
      const run = await torus("restore", scratch.file(name), "--dir", scratch.file("none"));
      expectRefusal(run, scratch.file(name));
      expect(run.errors).to.match(complaint);
    }
    expectRefusal(
      await torus("restore", scratch.file("absent"), "--dir", scratch.file("none")),
      "no such file",
    );
    expect(await isThere(scratch.file("none"))).to.equal(false);
  });

  it("say in a line what is wrong with the port, the password or the place, and exit 1", async () => {
    expectRefusal(
      await torus("backup", scratch.file("b"), "--from", "127.0.0.1:1"),
      "127.0.0.1:1: connect ECONNREFUSED",
    );
    expectRefusal(await backup("no/such/place"), "no such file or directory");
    const port = String(node.port);
    try {
      await client.call("CONFIG", "SET", "requirepass", "secret");
      expectRefusal(await backup("b"), "asks for a password");
      expectRefusal(
        await torus("backup", scratch.file("b"), "--from", port, "--password", "wrong"),
        "WRONGPASS",
      );
      const right = await torus("backup", scratch.file("b"), "--from", port, "--password", "secret");
      expect([right.code, right.errors]).to.deep.equal([0, ""]);
      await client.call("ACL", "SETUSER", "keeper", "on", ">kept", "+ping");
      const asKeeper = ["--from", port, "--user", "keeper", "--password", "kept"];
      expectRefusal(await torus("backup", scratch.file("b2"), ...asKeeper), "NOPERM");
      await client.call("ACL", "SETUSER", "keeper", "+torus|backup");
      const kept = await torus("backup", scratch.file("b2"), ...asKeeper);
      expect([kept.code, kept.errors]).to.deep.equal([0, ""]);
    } finally {
      await client.call("CONFIG", "SET", "requirepass", "");
      await client.call("ACL", "DELUSER", "keeper");
    }
  });

  function backup(name: string): Promise<Run> {
    return torus("backup", scratch.file(name), "--from", `127.0.0.1:${node.port}`);
  }
});

function expectRefusal({ code, errors }: Run, reason: string): void {
  expect(code).to.equal(1);
  expect(errors).to.match(/^torus: .*\n$/);
  expect(errors).to.contain(reason);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
