import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const lists: Group = {
  name: "lists",
  phrases: [
    [6, (w) => ["RPUSH", w.listKey(), ...w.several(4, () => [w.element()])]],
    [6, (w) => ["LPUSH", w.listKey(), ...w.several(4, () => [w.element()])]],
    [0.5, (w) => [w.random.pick(["LPUSH", "RPUSH"]), w.listKey(), ...many(w)]],
    [1, (w) => [w.random.pick(["LPUSHX", "RPUSHX"]), w.listKey(), ...w.several(2, () => [w.element()])]],
    [4, (w) => [w.random.pick(["LPOP", "RPOP"]), w.listKey()]],
    [2, (w) => [w.random.pick(["LPOP", "RPOP"]), w.listKey(), popped(w)]],
    [2, (w) => ["LLEN", w.listKey()]],
    [3, (w) => ["LINDEX", w.listKey(), w.elementIndex()]],
    [4, (w) => ["LRANGE", w.listKey(), w.elementIndex(), w.elementIndex()]],
    [3, (w) => ["LRANGE", w.listKey(), "0", "-1"]],
    [3, (w) => ["LSET", w.listKey(), w.elementIndex(), w.element()]],
    [4, (w) => ["LINSERT", w.listKey(), w.random.pick(["BEFORE", "after", "x"]), w.element(), w.element()]],
    [3, (w) => ["LREM", w.listKey(), w.random.pick(["0", "1", "-1", "2", "-3", "x"]), w.element()]],
    [2, (w) => ["LTRIM", w.listKey(), w.elementIndex(), w.elementIndex()]],
    [4, (w) => ["LPOS", w.listKey(), w.element(), ...searchOptions(w)]],
    [3, (w) => ["LMOVE", w.listKey(), w.listKey(), end(w), end(w)]],
    [2, (w) => ["RPOPLPUSH", w.listKey(), w.listKey()]],
    [
      2,
      (w) => [
        "LMPOP",
        w.random.pick(["1", "2", "3", "0", "x"]),
        w.listKey(),
        w.listKey(),
        end(w),
        ...count(w),
      ],
    ],
    [1, (w) => ["OBJECT", "ENCODING", w.listKey()]],
    [1, (w) => ["TYPE", w.listKey()]],
    [0.5, (w) => ["DEL", w.listKey()]],
    [0.5, (w) => ["SET", w.listKey(), w.value()]],
    [1, (w) => ["EXPIRE", w.listKey(), w.duration("seconds")]],
    [1, (w) => ["TTL", w.listKey()]],
    [1, (w) => ["COPY", w.listKey(), w.listKey(), "REPLACE"]],
    [1, (w) => ["RENAME", w.listKey(), w.listKey()]],
    [0.3, (w) => ["CONFIG", "SET", "list-max-listpack-size", w.random.pick(["3", "-2", "40"])]],
  ],
};

/** Enough for several blocks. */
function many(w: Vocabulary): string[] {
  const elements = 100 + w.random.below(400);
  return Array.from({ length: elements }, (_, i) => (i % 3 === 0 ? `e${i}` : String(i * 77 - 1000)));
}

function popped(w: Vocabulary): string {
  return w.random.pick(["0", "1", "3", "50", "9223372036854775807", "-1", "abc", ""]);
}

function end(w: Vocabulary): string {
  return w.random.pick(["LEFT", "right", "LEFT", "RIGHT", "up"]);
}

function count(w: Vocabulary): string[] {
  return w.random.pick([
    [],
    [],
    ["COUNT", "2"],
    ["count", "0"],
    ["COUNT", "x"],
    ["COUNT"],
    ["COUNT", "1", "COUNT", "1"],
  ]);
}

function searchOptions(w: Vocabulary): string[] {
  const options = [
    ["RANK", w.random.pick(["1", "2", "-1", "-2", "0", "x", "9223372036854775807"])],
    ["COUNT", w.random.pick(["0", "1", "2", "-1", "x"])],
    ["MAXLEN", w.random.pick(["0", "1", "5", "-1"])],
    ["RANK"],
    ["beside", "1"],
  ];
  return w.random.chance(0.4) ? [] : w.several(3, () => w.random.pick(options));
}
