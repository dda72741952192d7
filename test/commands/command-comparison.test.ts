import { expect } from "chai";
import { commands } from "#torus/commands/table.js";
import { needsRedis, startRedis } from "../support/redis-server.js";
import { type Reply, textOf } from "../support/reply.js";
import { connectTo, REFERENCE_VERSION, type TargetStarter } from "../support/target.js";
import { startTorus } from "../support/torus-node.js";

/** Ours follow Redis 7.2 here. */
const NEWER = ["client|setinfo", "client|no-touch", "cluster|myshardid"];

/** Redis has none of that name. */
const OWN = ["torus"];

const names = commands.map(({ name }) => name).filter((name) => !OWN.includes(name));

/** What COMMAND tells of each command and subcommand, as values that two servers can be compared by. */
type Facts = Readonly<Record<string, unknown>>;

describe("what COMMAND says, compared with Redis", () => {
  let ours: Record<"info" | "docs" | "keys", Facts>;
  let theirs: typeof ours;

  before(async function () {
    await needsRedis(this, REFERENCE_VERSION);
    ours = await factsOf(startTorus);
    theirs = await factsOf(startRedis);
  });

  it("is the same of arity, flags, keys, categories and tips", () => {
    expect(Object.keys(ours.info)).to.include.members([...NEWER, "get", "client|list"]);
    for (const [name, facts] of Object.entries(ours.info)) {
      if (!NEWER.includes(name)) expect(facts, name).to.deep.equal(theirs.info[name]);
    }
  });

  it("is the same of age, group, deprecation and arguments", () => {
    for (const [name, facts] of Object.entries(ours.docs)) {
      if (!NEWER.includes(name)) expect(facts, name).to.deep.equal(theirs.docs[name]);
    }
  });

  it("is the same of the keys in a command and of what is done to them", () => {
    expect(ours.keys).to.deep.equal(theirs.keys);
  });
});

/** Commands whose keys are asked for: complete, incomplete, without keys, unknown. */
const QUESTIONS = [
  "get k",
  "set k v",
  "set k v get",
  "set k v ex 5 GET",
  "set get v",
  "mset a 1 b 2",
  "mset a 1 b",
  "mset a",
  "mget a b",
  "del a b c",
  "rename a b",
  "copy a b db 1",
  "smove a b c",
  "sunionstore a b c",
  "sintercard 2 a b limit 1",
  "sintercard 3 a b",
  "sintercard 0 a",
  "sintercard x a",
  "bitop and a b c",
  "bitop and a",
  "bitfield k",
  "bitfield k get u8 0",
  "bitfield k get u8 0 set u8 0 1",
  "bitfield k overflow sat get u8 0",
  "bitfield k get u8",
  "bitfield k bogus",
  "bitfield_ro k",
  "pfmerge a b c",
  "pfcount a b",
  "lcs a b len",
  "sort a",
  "sort a store b",
  "sort a by store get store limit 0 store store b store c desc",
  "sort a store",
  "sort a by x store",
  "sort_ro a by b_* get c_*",
  "hset h f v",
  "hset h",
  "object encoding k",
  "object bogus k",
  "memory usage k",
  "watch a b",
  "scan 0",
  "client kill",
  "client kill x",
  "client",
  "client bogus",
  "command bogus",
  "bogus k",
  "eXists a a",
];

async function factsOf(start: TargetStarter): Promise<Record<"info" | "docs" | "keys", Facts>> {
  const target = await start();
  const client = await connectTo(target);
  try {
    await client.call("HELLO", 3);
    const infos = itemsOf(await client.call("COMMAND", "INFO", ...names));
    const docs = fieldsOf(await client.call("COMMAND", "DOCS", ...names));
    const keys: Record<string, unknown> = {};
    for (const question of QUESTIONS) {
      const words = question.split(" ");
      keys[question] = [
        await client.ask("COMMAND", "GETKEYS", ...words),
        plain(await client.call("COMMAND", "GETKEYSANDFLAGS", ...words)),
      ];
    }
    return {
      info: Object.fromEntries(infos.flatMap(infoFacts)),
      docs: Object.fromEntries(Object.entries(docs).flatMap(([name, reply]) => docFacts(name, reply))),
      keys,
    };
  } finally {
    await client.close();
    await target.close();
  }
}

function infoFacts(reply: Reply): [string, unknown][] {
  const [name, arity, flags, first, last, step, categories, tips, specs, subcommands] = itemsOf(reply);
  // Key specs may carry a note in prose, which is Redis's own.
  const plainSpecs = itemsOf(specs!).map((spec) => {
    const { notes: _, ...facts } = plain(spec) as Record<string, unknown>;
    return facts;
  });
  const facts = {
    ...[arity, flags, first, last, step, categories, tips].map((part) => plain(part!)),
    plainSpecs,
  };
  return [[textOf(name!)!, facts], ...itemsOf(subcommands!).flatMap(infoFacts)];
}

function docFacts(name: string, reply: Reply): [string, unknown][] {
  const { summary, complexity, history, replaced_by, subcommands, ...facts } = fieldsOf(reply);
  const kept = {
    ...Object.fromEntries(Object.entries(facts).map(([field, value]) => [field, plain(value)])),
    // Redis does not say what these cost.
    isDescribed: summary !== undefined && (complexity !== undefined || ["lolwut", "monitor"].includes(name)),
    isReplaced: replaced_by !== undefined,
    versions: history && [...new Set(itemsOf(history).map((change) => textOf(itemsOf(change)[0]!)))],
  };
  const children = subcommands === undefined ? {} : fieldsOf(subcommands);
  return [[name, kept], ...Object.entries(children).flatMap(([child, docs]) => docFacts(child, docs))];
}

function itemsOf(reply: Reply): readonly Reply[] {
  if (reply.kind === "array" || reply.kind === "set") return reply.items;
  throw new Error(`expected an array or a set, got ${reply.kind}`);
}

function fieldsOf(reply: Reply): Readonly<Record<string, Reply>> {
  if (reply.kind !== "map") throw new Error(`expected a map, got ${reply.kind}`);
  return Object.fromEntries(reply.entries.map(([field, value]) => [textOf(field)!, value]));
}

/** A reply as a plain value; the kind of an aggregate counts, the order within a map does not. */
function plain(reply: Reply): unknown {
  if (reply.kind === "array" || reply.kind === "set") return { [reply.kind]: reply.items.map(plain) };
  if (reply.kind !== "map") return `${reply.kind} ${textOf(reply)}`;
  return Object.fromEntries(Object.entries(fieldsOf(reply)).map(([field, value]) => [field, plain(value)]));
}
