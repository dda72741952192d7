import { notate } from "../support/notation.js";
import type { Reply } from "../support/reply.js";
import type { Command } from "./group.js";

/** True if a client could not object to one server giving the one reply and another the other. */
type Rule = (left: Reply, right: Reply) => boolean;

/** Whether two servers gave the same answer to a command, as far as that command promises one. */
export function agree(command: Command, left: Reply, right: Reply): boolean {
  if (notate(left) === notate(right)) return true;
  if (left.kind !== right.kind || left.kind === "error" || left.kind === "status") return false;
  return ruleFor(command)(left, right);
}

function ruleFor(command: Command): Rule {
  const name = command[0]!.toUpperCase();
  const subcommand = command[1]?.toUpperCase() ?? "";
  return RULES.get(`${name} ${subcommand}`) ?? RULES.get(name) ?? never;
}

const never: Rule = () => false;

/** Chance, or the inside of the server, decides: only the form of the reply is promised. */
const sameKind: Rule = () => true;

const sameLength: Rule = (left, right) => itemsOf(left).length === itemsOf(right).length;

const sameItems: Rule = (left, right) =>
  sorted(itemsOf(left).map(notate)) === sorted(itemsOf(right).map(notate));

/** RESP2 lists fields and values in turn, RESP3 sends a map. */
const sameFields: Rule = (left, right) => sorted(pairsOf(left)) === sorted(pairsOf(right));

/**
 * A scan followed through to its end is reported as a set and must be the same. A single page, as inside a
 * transaction or from a cursor that nobody was given, promises nothing.
 */
const sameIfWhole: Rule = (left) => left.kind !== "set";

function within(tolerance: bigint): Rule {
  return (left, right) => {
    if (left.kind !== "integer" || right.kind !== "integer" || left.value < 0n || right.value < 0n)
      return false;
    const apart = left.value - right.value;
    return apart <= tolerance && -apart <= tolerance;
  };
}

/** Which strings are held as integers, and which in one piece, follows in Redis from how they came to be. */
const sameEncoding: Rule = (left, right) =>
  [left, right].every((reply) => STRING_ENCODINGS.has(notate(reply)));

const STRING_ENCODINGS: ReadonlySet<string> = new Set(['"int"', '"embstr"', '"raw"']);

/**
 * When a message was delivered, and when a consumer was here, in milliseconds since then or since the epoch; and nodes of Redis's tree, which
 * depend on bytes that ids share.
 */
const sameButTimes: Rule = (left, right) => withoutTimes(left) === withoutTimes(right);

const UNEQUAL: ReadonlySet<string> = new Set(['"idle"', '"radix-tree-nodes"']);

function withoutTimes(reply: Reply): string {
  if (reply.kind === "integer") return reply.value > 1e12 ? "a time" : notate(reply);
  if (reply.kind === "map") {
    return `{${reply.entries.map(([name, value]) => `${notate(name)}: ${UNEQUAL.has(notate(name)) ? "a time" : withoutTimes(value)}`).join(", ")}}`;
  }
  const items = itemsOf(reply);
  if (reply.kind !== "array") return notate(reply);
  // Of a pending message: id, consumer, idle time, deliveries; of a consumer name and value in turn.
  const isPending = items.length === 4 && items[2]!.kind === "integer" && items[3]!.kind === "integer";
  const texts = items.map((item, i) => {
    const isIdle = (isPending && i === 2) || (i > 0 && UNEQUAL.has(notate(items[i - 1]!)));
    return isIdle ? "a time" : withoutTimes(item);
  });
  return `[${texts.join(", ")}]`;
}

/** The id in the greeting is the connection's own. */
const sameGreeting: Rule = (left, right) => greetingOf(left) === greetingOf(right);

function greetingOf(reply: Reply): string {
  return notate(reply).replace(/"id":? \d+/, "");
}

const RULES: ReadonlyMap<string, Rule> = new Map([
  ["KEYS", sameItems],
  ["HKEYS", sameItems],
  ["HVALS", sameItems],
  ["HGETALL", sameFields],
  ["HRANDFIELD", sameLength],
  ["SMEMBERS", sameItems],
  ["SINTER", sameItems],
  ["SUNION", sameItems],
  ["SDIFF", sameItems],
  ["SPOP", sameItems],
  ["SRANDMEMBER", sameLength],
  ["ZRANDMEMBER", sameLength],
  ["SSCAN", sameIfWhole],
  ["RANDOMKEY", sameKind],
  ["SCAN", sameIfWhole],
  ["HSCAN", sameIfWhole],
  ["ZSCAN", sameIfWhole],
  ["TTL", within(5n)],
  ["PTTL", within(5000n)],
  ["EXPIRETIME", within(5n)],
  ["PEXPIRETIME", within(5000n)],
  // Redis shares small integers among keys: they have references without end, and idle since the server started.
  ["OBJECT REFCOUNT", sameKind],
  ["OBJECT IDLETIME", sameKind],
  ["OBJECT ENCODING", sameEncoding],
  ["XPENDING", sameButTimes],
  ["XINFO STREAM", sameButTimes],
  ["XINFO CONSUMERS", sameButTimes],
  ["HELLO", sameGreeting],
  ["MEMORY USAGE", sameKind],
  ["CONFIG GET", sameItems],
  ["COMMAND INFO", sameKind],
  ["TIME", sameLength],
]);

function itemsOf(reply: Reply): readonly Reply[] {
  return "items" in reply ? reply.items : [];
}

function pairsOf(reply: Reply): string[] {
  if (reply.kind === "map") return reply.entries.map((entry) => entry.map(notate).join(" "));
  const items = itemsOf(reply);
  return items
    .filter((_, i) => i % 2 === 0)
    .map((field, i) => `${notate(field)} ${notate(items[2 * i + 1] ?? field)}`);
}

function sorted(texts: readonly string[]): string {
  return [...texts].sort().join("\n");
}
