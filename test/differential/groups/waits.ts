import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

/**
 * Commands that wait, each for a moment at most, and few of them: Redis looks for those whose time is over ten times a second. In which order
 * several are served is for the transcripts.
 */
export const waits: Group = {
  name: "waits",
  // One that waits for ever is ended by nobody.
  isSpared: ([name]) => /^(B[LRZ]|WAIT)/.test(name!),
  phrases: [
    [12, (w) => [w.random.pick(["RPUSH", "LPUSH"]), w.listKey(), ...w.several(4, () => [w.element()])]],
    [3, (w) => [w.random.pick(["BLPOP", "BRPOP"]), ...w.several(4, () => [w.listKey()]), timeout(w)]],
    [3, (w) => ["BLMOVE", w.listKey(), w.listKey(), end(w), end(w), timeout(w)]],
    [2, (w) => ["BRPOPLPUSH", w.listKey(), w.listKey(), timeout(w)]],
    [3, (w) => ["BLMPOP", timeout(w), ...several(w), end(w), ...count(w)]],
    [4, (w) => ["ZADD", w.sortedSetKey(), ...w.several(3, () => [w.score(), w.member()])]],
    [
      2,
      (w) => [w.random.pick(["BZPOPMIN", "BZPOPMAX"]), ...w.several(3, () => [w.sortedSetKey()]), timeout(w)],
    ],
    [
      2,
      (w) => [
        "BZMPOP",
        timeout(w),
        w.random.pick(["1", "2", "3", "0", "x"]),
        w.sortedSetKey(),
        w.sortedSetKey(),
        w.random.pick(["MIN", "max", "LEFT"]),
        ...count(w),
      ],
    ],
    [1, (w) => ["LRANGE", w.listKey(), "0", "-1"]],
    [0.2, (w) => ["SET", w.listKey(), w.value()]],
    [0.2, (w) => ["DEL", w.listKey()]],
    [0.5, (w) => ["RENAME", w.listKey(), w.listKey()]],
    [0.5, (w) => ["CLIENT", "UNBLOCK", w.random.pick(["0", "-1", "x", "99999999"]), ...how(w)]],
    [0.2, (w) => ["WAIT", w.random.pick(["0", "-1", "x"]), w.random.pick(["0", "5", "x", "-1"])]],
  ],
};

/** Never for ever: nobody would end it. */
function timeout(w: Vocabulary): string {
  const short = ["0.001", "0.002", "1e-3", "0x1p-9", ".001", "1e-10"];
  return w.random.pick([...short, ...short, "-1", "x", "nan", "inf", "1e300", "1e5000", "", "0.001 "]);
}

function several(w: Vocabulary): string[] {
  return [w.random.pick(["1", "2", "2", "2", "3", "0", "-1", "x"]), w.listKey(), w.listKey()];
}

function end(w: Vocabulary): string {
  return w.random.pick(["LEFT", "right", "LEFT", "RIGHT", "up"]);
}

function count(w: Vocabulary): string[] {
  return w.random.chance(0.5) ? [] : ["COUNT", w.random.pick(["1", "2", "10", "0", "x"])];
}

function how(w: Vocabulary): string[] {
  return w.random.chance(0.3) ? [] : [w.random.pick(["TIMEOUT", "error", "now"])];
}
