import type { Group, Phrase } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";
import { counters } from "./counters.js";
import { hashes } from "./hashes.js";
import { keys } from "./keys.js";
import { strings } from "./strings.js";

/**
 * Users that come to be other ones while they are connected, in transactions too. Users outlive a program, on both servers alike. What Redis
 * tells in the order of a table with a random seed, such as the commands in ACL LIST, is compared elsewhere.
 */
export const users: Group = {
  name: "users",
  phrases: [
    [14, (w) => ["ACL", "SETUSER", user(w), ...w.several(4, () => rules(w))]],
    [4, (w) => ["ACL", "SETUSER", user(w), "reset", "on", "nopass", ...rules(w), ...rules(w)]],
    [12, (w) => ["AUTH", user(w), w.random.pick(["one", "two", "three"])]],
    [6, () => ["AUTH", "default", "any"]],
    [2, (w) => ["HELLO", "2", "AUTH", user(w), w.random.pick(["one", "two"])]],
    [4, () => ["RESET"]],
    [6, () => ["ACL", "WHOAMI"]],
    [2, () => ["ACL", "USERS"]],
    [6, (w) => ["ACL", "DRYRUN", user(w), ...w.random.pick([strings, keys, hashes]).phrases[0]![1](w)]],
    [10, () => ["MULTI"]],
    [10, () => ["EXEC"]],
    [2, () => ["DISCARD"]],
    [2, (w) => ["WATCH", w.anyKey()]],
    [2, (w) => ["CLIENT", "KILL", "USER", w.random.pick(["nobody", ""])]],
    ...[strings, counters, hashes, keys].flatMap(({ phrases }) => inProportion(phrases)),
  ],
};

function user(w: Vocabulary): string {
  return w.random.pick(["ada", "bob", "eve"]);
}

/** One rule or a few that belong together. */
function rules(w: Vocabulary): string[] {
  const sign = w.random.pick(["+", "-"]);
  return w.weighted<() => string[]>([
    [4, () => ["on"]],
    [1, () => ["off"]],
    [3, () => ["nopass"]],
    [3, () => [w.random.pick([">one", ">two", "<one", "resetpass"])]],
    [4, () => ["allkeys"]],
    [2, () => ["resetkeys"]],
    [
      4,
      () => [
        `${w.random.pick(["~", "%R~", "%W~"])}${w.random.pick(["s*", "h*", "k?", "{tag}*", "*", "s1"])}`,
      ],
    ],
    [4, () => ["+@all"]],
    [
      6,
      () => [
        `${sign}@${w.random.pick(["read", "write", "string", "hash", "keyspace", "fast", "slow", "dangerous"])}`,
      ],
    ],
    [
      4,
      () => [
        `${sign}${w.random.pick(["get", "set", "hset", "del", "acl", "acl|whoami", "exec", "multi", "client|list"])}`,
      ],
    ],
    [
      1,
      () => [
        `+${w.random.pick(["select", "object", "client"])}|${w.random.pick(["0", "freq", "id", "nosuch"])}`,
      ],
    ],
    [2, () => [`(${["~s*", ...rules(w)].join(" ")})`]],
    [2, () => ["clearselectors"]],
    [1, () => [w.random.pick(["bogus", "+nosuch", "~a b", "(", ")", "(+get", "#0"])]],
  ])();
}

/** Whatever a group's own weights add up to, it takes the same share. */
function inProportion(phrases: readonly Phrase[]): Phrase[] {
  const sum = phrases.reduce((total, [weight]) => total + weight, 0);
  return phrases.map(([weight, make]) => [(weight * 15) / sum, make]);
}
