/**
 * Random commands that change something, on so few keys and with deadlines so near that they meet: every command of the
 * table that writes, and a few that only look, for looking lets keys expire.
 */
import fc from "fast-check";
import { collectionPayload, sortedSetPayload, textPayload } from "./dump-payloads.js";
import { START_MS } from "./small-keyspace.js";

/** Two of them share a slot. */
export const KEYS = ["k", "{t}a", "{t}b", "h"] as const;

/** The name and arguments; byte strings. */
export type Words = readonly string[];

type Part = fc.Arbitrary<string | readonly string[]>;

const key = fc.constantFrom(...KEYS);
const database = fc.constantFrom("0", "1");
const field = fc.constantFrom("", "f", "g", "i", "j", "l", "a long field");
const number = fc.constantFrom(
  "0",
  "1",
  "-3",
  "41",
  "9007199254740991",
  "9223372036854775807",
  "-9223372036854775808",
);
/** Integers and words, so that sets are of all forms. */
const member = fc.constantFrom(
  "0",
  "1",
  "-3",
  "41",
  "9007199254740993",
  "7",
  "100",
  "",
  "f",
  "01",
  "a long member",
);
const element = fc.constantFrom(
  "a",
  "b",
  "",
  "7",
  "-3",
  "200",
  "70000",
  "01",
  "123456789012345",
  "x".repeat(60),
  "y".repeat(700),
  "z".repeat(20_000),
);
const popped: Part = fc.constantFrom([], ["1"], ["2"], ["100"]);
const index = fc.constantFrom("0", "1", "2", "5", "-1", "-2", "-5", "100");
const end = fc.constantFrom("left", "right");
const degrees = fc.constantFrom("0", "1.5", "-60");
const entryId = fc.constantFrom("1-0", "1-1", "2-0", "3-1", "4-0", "5-0");
const newId = fc.oneof(fc.constantFrom("*", "*", "6-*", "2-*"), entryId);
const trimming: Part = fc.constantFrom([], [], [], ["maxlen", "3"], ["maxlen", "0"], ["minid", "~", "4"]);
const group = fc.constantFrom("g", "g", "h");
const consumer = fc.constantFrom("alice", "bob");
const decimal = fc.constantFrom("0.5", "-1.25", "3", "1e3");
const score = fc.constantFrom("0", "-0", "1", "1", "-2.5", "0.1", "inf", "-inf", "1e300");
const value = fc.oneof(
  number,
  fc.constantFrom("", "x", "text", "\x00\xff", "y".repeat(300), "z".repeat(20_000)),
);
const offset = fc.constantFrom("0", "1", "5", "300", "17000");
const bit = fc.constantFrom("0", "1");
const overflow = fc.constantFrom("WRAP", "SAT", "FAIL");
const bitFieldAction = fc.constantFrom("SET", "INCRBY");
const bitFieldType = fc.constantFrom("u1", "i5", "u8", "i64", "u63");
const millis = fc.constantFrom("1", "5", "20", "100", "100000");
const seconds = fc.constantFrom("1", "2", "100");
const unixMillis = fc.constantFrom(
  ...[1, START_MS, START_MS + 10, START_MS + 50, START_MS + 100_000].map(String),
  "9223372036854775807",
);
const unixSeconds = fc.constantFrom(...[1, START_MS / 1000, START_MS / 1000 + 1].map(String));
const condition = optional("NX", "XX", "GT", "LT");
const expirySet: Part = fc.oneof(
  fc.constantFrom([], [], [], ["KEEPTTL"]),
  timed("PX", millis),
  timed("PXAT", unixMillis),
  timed("EXAT", unixSeconds),
);
const expiryGet: Part = fc.oneof(
  fc.constantFrom([], ["PERSIST"]),
  timed("PX", millis),
  timed("PXAT", unixMillis),
);

function optional(...words: readonly string[]): Part {
  return fc.constantFrom([], ...words.map((word) => [word]));
}

function timed(option: string, time: fc.Arbitrary<string>): fc.Arbitrary<readonly string[]> {
  return time.map((text) => [option, text]);
}

function several(...parts: readonly fc.Arbitrary<string>[]): Part {
  return fc.array(fc.tuple(...parts), { minLength: 1, maxLength: 5 }).map((all) => all.flat());
}

const payload = fc.oneof(
  value.map(textPayload),
  fc.array(member, { minLength: 1, maxLength: 6 }).map((elements) => collectionPayload("list", elements)),
  fc
    .uniqueArray(fc.tuple(member, fc.integer({ min: -3, max: 3 })), {
      minLength: 1,
      selector: ([name]) => name,
    })
    .map(sortedSetPayload),
  fc.uniqueArray(member, { minLength: 1 }).map((members) => collectionPayload("set", members)),
  fc
    .uniqueArray(fc.tuple(field, value), { minLength: 1, maxLength: 4, selector: ([name]) => name })
    .map((fields) => collectionPayload("hash", fields.flat())),
);

function command(name: string, ...parts: readonly Part[]): fc.Arbitrary<Words> {
  return fc.tuple(fc.constant(name), ...parts).map((words) => words.flat());
}

const mostly = (weight: number, arbitrary: fc.Arbitrary<Words>) => ({ weight, arbitrary });

const FORMS = [
  mostly(8, command("set", key, value, optional("NX", "XX", "GET"), expirySet)),
  mostly(1, command("setnx", key, value)),
  mostly(1, command("setex", key, seconds, value)),
  mostly(1, command("psetex", key, millis, value)),
  mostly(1, command("getset", key, value)),
  mostly(1, command("getdel", key)),
  mostly(2, command("getex", key, expiryGet)),
  mostly(2, command("mset", several(key, value))),
  mostly(2, command("msetnx", several(key, value))),
  mostly(4, command("append", key, value)),
  mostly(3, command("setrange", key, offset, value)),
  mostly(3, command("setbit", key, offset, bit)),
  mostly(3, command("bitop", fc.constantFrom("AND", "OR", "XOR"), key, several(key))),
  mostly(1, command("bitop", fc.constant("NOT"), key, key)),
  mostly(
    6,
    command(
      "bitfield",
      key,
      several(fc.constant("OVERFLOW"), overflow, bitFieldAction, bitFieldType, offset, number),
    ),
  ),
  mostly(4, command("pfadd", key, several(member))),
  mostly(2, command("pfmerge", key, several(key))),
  mostly(1, command("pfcount", key)),
  mostly(
    2,
    command(
      "sort",
      key,
      fc.constantFrom(["ALPHA"], ["BY", "nosort", "GET", "*"], []),
      fc.constant("STORE"),
      key,
    ),
  ),
  mostly(1, command("pfdebug", fc.constant("TODENSE"), key)),
  mostly(6, command("incr", key)),
  mostly(1, command("decr", key)),
  mostly(4, command("incrby", key, number)),
  mostly(2, command("decrby", key, number)),
  mostly(2, command("incrbyfloat", key, decimal)),
  mostly(4, command("del", several(key))),
  mostly(1, command("unlink", several(key))),
  mostly(3, command("rename", key, key)),
  mostly(2, command("renamenx", key, key)),
  mostly(3, command("copy", key, key, fc.constantFrom([], ["DB", "1"]), optional("REPLACE"))),
  mostly(2, command("move", key, database)),
  mostly(2, command("expire", key, seconds, condition)),
  mostly(5, command("pexpire", key, millis, condition)),
  mostly(1, command("expireat", key, unixSeconds, condition)),
  mostly(3, command("pexpireat", key, unixMillis, condition)),
  mostly(2, command("persist", key)),
  mostly(8, command("hset", key, several(field, value))),
  mostly(1, command("hmset", key, several(field, value))),
  mostly(2, command("hsetnx", key, field, value)),
  mostly(8, command("hdel", key, several(field))),
  mostly(3, command("hincrby", key, field, number)),
  mostly(1, command("hincrbyfloat", key, field, decimal)),
  mostly(8, command("sadd", key, several(member))),
  mostly(6, command("srem", key, several(member))),
  mostly(2, command("spop", key, fc.constantFrom([], ["1"], ["2"], ["100"]))),
  mostly(3, command("smove", key, key, member)),
  mostly(2, command("sinterstore", key, several(key))),
  mostly(2, command("sunionstore", key, several(key))),
  mostly(2, command("sdiffstore", key, several(key))),
  mostly(6, command("rpush", key, several(element))),
  mostly(6, command("lpush", key, several(element))),
  mostly(1, command("rpushx", key, several(element))),
  mostly(1, command("lpushx", key, several(element))),
  mostly(4, command("lpop", key, popped)),
  mostly(4, command("rpop", key, popped)),
  mostly(4, command("lset", key, index, element)),
  mostly(5, command("linsert", key, fc.constantFrom("before", "after"), element, element)),
  mostly(3, command("lrem", key, fc.constantFrom("0", "1", "-1", "2", "-2"), element)),
  mostly(2, command("ltrim", key, index, index)),
  mostly(4, command("lmove", key, key, end, end)),
  mostly(1, command("rpoplpush", key, key)),
  mostly(2, command("lmpop", fc.constant("2"), key, key, end, fc.constantFrom([], ["count", "2"]))),
  mostly(8, command("zadd", key, optional("NX", "XX", "GT", "LT"), several(score, member))),
  mostly(4, command("zincrby", key, score, member)),
  mostly(6, command("zrem", key, several(member))),
  mostly(1, command("zremrangebyrank", key, fc.constantFrom("0", "1", "-2"), fc.constantFrom("0", "-1"))),
  mostly(1, command("zremrangebyscore", key, fc.constantFrom("-inf", "(0"), fc.constantFrom("1", "inf"))),
  mostly(1, command("zremrangebylex", key, fc.constantFrom("-", "[1"), fc.constantFrom("(7", "+"))),
  mostly(2, command("zpopmin", key, fc.constantFrom([], ["2"], ["100"]))),
  mostly(1, command("zpopmax", key, fc.constantFrom([], ["2"], ["100"]))),
  mostly(1, command("zmpop", fc.constant("2"), key, key, fc.constantFrom("MIN", "MAX"))),
  mostly(2, command("zrangestore", key, key, fc.constant("0"), fc.constantFrom("1", "-1"))),
  mostly(2, command("zunionstore", key, fc.constant("2"), key, key)),
  mostly(2, command("zinterstore", key, fc.constant("2"), key, key)),
  mostly(2, command("zdiffstore", key, fc.constant("2"), key, key)),
  mostly(3, command("restore", key, fc.constantFrom("0", "0", "5", "100000"), payload, optional("REPLACE"))),
  mostly(3, command("geoadd", key, optional("NX", "XX"), several(degrees, degrees, member))),
  mostly(
    1,
    command(
      "geosearchstore",
      key,
      key,
      fc.constant(["fromlonlat", "0", "0", "byradius", "5000", "km"]),
      optional("STOREDIST"),
    ),
  ),
  mostly(1, command("georadius", key, fc.constant(["0", "0", "5000", "km", "store"]), key)),
  mostly(1, command("georadiusbymember", key, member, fc.constant(["9000", "km", "store"]), key)),
  mostly(8, command("xadd", key, trimming, newId, several(field, element))),
  mostly(4, command("xdel", key, several(entryId))),
  mostly(3, command("xtrim", key, fc.constantFrom(["maxlen", "2"], ["minid", "3"], ["maxlen", "~", "1"]))),
  mostly(2, command("xsetid", key, entryId, fc.constantFrom([], ["entriesadded", "9"]))),
  mostly(
    4,
    command("xgroup", fc.constant("create"), key, group, fc.constantFrom("0", "$"), optional("mkstream")),
  ),
  mostly(1, command("xgroup", fc.constant("setid"), key, group, fc.constantFrom("0", "3-1"))),
  mostly(1, command("xgroup", fc.constant("destroy"), key, group)),
  mostly(1, command("xgroup", fc.constant("createconsumer"), key, group, consumer)),
  mostly(1, command("xgroup", fc.constant("delconsumer"), key, group, consumer)),
  mostly(
    8,
    command(
      "xreadgroup",
      fc.constant("group"),
      group,
      consumer,
      optional("noack"),
      fc.constant("streams"),
      key,
      fc.constantFrom(">", ">", "0"),
    ),
  ),
  mostly(5, command("xack", key, group, several(entryId))),
  mostly(
    4,
    command("xclaim", key, group, consumer, fc.constant("0"), several(entryId), optional("force", "justid")),
  ),
  mostly(3, command("xautoclaim", key, group, consumer, fc.constant("0"), fc.constantFrom("0", "3"))),
  mostly(1, command("flushdb")),
  mostly(1, command("flushall")),
  mostly(1, command("swapdb", database, database)),
  mostly(2, command("get", key)),
  mostly(1, command("hgetall", key)),
  mostly(1, command("smembers", key)),
];

/** Any of them. */
export const writingCommand: fc.Arbitrary<Words> = fc.oneof(...FORMS);

/** The names of those that are drawn. */
export const WRITTEN: readonly string[] = fc
  .sample(fc.tuple(...FORMS.map(({ arbitrary }) => arbitrary)), { numRuns: 1, seed: 1 })
  .flat()
  .map(([name, subcommand]) => (name === "xgroup" ? `${name}|${subcommand}` : name!));
