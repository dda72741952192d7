import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

/** The connection, the options and the command table: mostly error texts, where servers differ first. */
export const connection: Group = {
  name: "connection",
  phrases: [
    [3, (w) => ["PING", ...w.some(0.4, [() => [w.value()]])]],
    [3, (w) => ["ECHO", w.value()]],
    [3, (w) => ["SELECT", w.database()]],
    [1, (w) => ["HELLO", w.random.pick(["1", "4", "abc", "", "-1"])]],
    [1, (w) => ["HELLO", "2", w.random.pick(["BOGUS", "AUTH", "SETNAME", ""])]],
    [1, (w) => ["AUTH", w.value()]],
    [1, (w) => ["AUTH", w.random.pick(["default", "nobody"]), w.value()]],
    [2, (w) => ["CLIENT", w.token("SETNAME"), w.random.pick(["me", "a b", "", "x\ny", "~", "\x7f"])]],
    [2, () => ["CLIENT", "GETNAME"]],
    [1, (w) => ["CLIENT", "NO-EVICT", w.random.pick(["ON", "off", "maybe"])]],
    [1, (w) => ["CLIENT", "KILL", "ID", w.random.pick(["999999", "0", "-1", "abc"])]],
    [1, (w) => ["CLIENT", "LIST", "TYPE", w.random.pick(["pubsub", "master", "bogus", ""])]],
    [1, (w) => ["CLIENT", w.value()]],
    [1, () => ["RESET"]],
    [3, (w) => [w.random.pick(["BOGUS", "bogus", "GETX", w.value()]), ...w.several(4, () => [w.value()])]],
    [
      2,
      (w) => ["CONFIG", "GET", w.random.pick(["timeout", "maxmemory", "maxmemory-p*", "nope", "databases"])],
    ],
    [2, (w) => ["CONFIG", "SET", ...w.several(2, () => option(w))]],
    [2, (w) => ["COMMAND", "GETKEYS", ...getKeysOf(w)]],
    [1, (w) => ["COMMAND", "INFO", w.random.pick(["get", "GET", "set", "mset", "nope", "client|id", ""])]],
    [1, (w) => ["SLOWLOG", w.random.pick(["LEN", "BOGUS", ""]), ...w.some(0.3, [() => [w.value()]])]],
    [1, (w) => ["LATENCY", w.random.pick(["LATEST", "RESET", "BOGUS"]), ...w.some(0.3, [() => [w.value()]])]],
    [1, (w) => ["OBJECT", w.value(), w.anyKey()]],
    [1, () => ["MODULE", "LIST"]],
    [1, () => ["TIME"]],
  ],
};

/** Only options that change nothing which other commands would show. */
function option(w: Vocabulary): [string, string] {
  return w.random.pick<[string, string]>([
    ["timeout", "0"],
    ["timeout", w.random.pick(["-1", "abc", "1.5", "", "99999999999"])],
    ["maxmemory-samples", w.random.pick(["5", "0", "abc"])],
    ["maxmemory-policy", w.random.pick(["bogus", "NoEviction"])],
    ["maxmemory", w.random.pick(["0", "1zb", "abc", "-1"])],
    ["databases", "3"],
    ["nope", "1"],
  ]);
}

function getKeysOf(w: Vocabulary): string[] {
  return w.random.pick([
    ["GET", w.key()],
    ["MSET", w.key(), "1", w.key(), "2"],
    ["MGET", w.key(), w.key()],
    ["DEL", w.key(), w.key()],
    ["RENAME", w.key(), w.key()],
    ["SET", w.key()],
    ["PING", "x"],
    ["OBJECT", "ENCODING", w.key()],
    ["OBJECT", "BOGUS", w.key()],
    ["BOGUS", w.key()],
  ]);
}
