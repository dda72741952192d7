import type { Group } from "../group.js";
import type { Vocabulary } from "../vocabulary.js";

export const streams: Group = {
  name: "streams",
  phrases: [
    [10, (w) => ["XADD", w.streamKey(), ...trimming(w, 0.2), w.newId(), ...pairs(w)]],
    [1, (w) => ["XADD", w.streamKey(), "NOMKSTREAM", w.newId(), "f", "v"]],
    [1, (w) => ["XADD", w.streamKey(), w.newId(), "f"]],
    [2, (w) => ["XLEN", w.streamKey()]],
    [4, (w) => ["XRANGE", w.streamKey(), w.bound(), w.bound(), ...count(w)]],
    [4, (w) => ["XREVRANGE", w.streamKey(), w.bound(), w.bound(), ...count(w)]],
    [2, (w) => ["XRANGE", w.streamKey(), "-", "+"]],
    [2, (w) => ["XREVRANGE", w.streamKey(), "+", "-"]],
    [4, (w) => ["XDEL", w.streamKey(), ...w.several(3, () => [w.entryId()])]],
    [3, (w) => ["XTRIM", w.streamKey(), ...trimming(w, 1)]],
    [2, (w) => ["XSETID", w.streamKey(), w.entryId(), ...setIdOptions(w)]],
    [4, (w) => ["XREAD", ...count(w), "STREAMS", ...reading(w, ["$", "0", "0-0", "2", "5-1", ">", "x"])]],
    [3, (w) => ["XINFO", "STREAM", w.streamKey(), ...full(w)]],
    [3, (w) => ["XINFO", "GROUPS", w.streamKey()]],
    [2, (w) => ["XINFO", "CONSUMERS", w.streamKey(), w.group()]],
    [
      4,
      (w) => [
        "XGROUP",
        "CREATE",
        w.streamKey(),
        w.group(),
        w.random.pick(["$", "0", "0-0", "3", "-", "x"]),
        ...created(w),
      ],
    ],
    [
      2,
      (w) => [
        "XGROUP",
        "SETID",
        w.streamKey(),
        w.group(),
        w.random.pick(["$", "0", "3", "5-1", "-", "x"]),
        ...readSoFar(w),
      ],
    ],
    [0.7, (w) => ["XGROUP", "DESTROY", w.streamKey(), w.group()]],
    [1, (w) => ["XGROUP", "CREATECONSUMER", w.streamKey(), w.group(), w.consumer()]],
    [1, (w) => ["XGROUP", "DELCONSUMER", w.streamKey(), w.group(), w.consumer()]],
    [
      10,
      (w) => [
        "XREADGROUP",
        "GROUP",
        w.group(),
        w.consumer(),
        ...count(w),
        ...(w.random.chance(0.1) ? ["NOACK"] : []),
        "STREAMS",
        ...reading(w, [">", ">", ">", ">", "0", "0-0", "2", "$"]),
      ],
    ],
    [5, (w) => ["XACK", w.streamKey(), w.group(), ...w.several(3, () => [w.entryId()])]],
    [3, (w) => ["XPENDING", w.streamKey(), w.group()]],
    [
      3,
      (w) => [
        "XPENDING",
        w.streamKey(),
        w.group(),
        ...idle(w),
        w.bound(),
        w.bound(),
        w.random.pick(["10", "1", "0", "-1", "x"]),
        ...(w.random.chance(0.3) ? [w.consumer()] : []),
      ],
    ],
    [
      5,
      (w) => [
        "XCLAIM",
        w.streamKey(),
        w.group(),
        w.consumer(),
        w.random.pick(["0", "0", "0", "100000", "-1", "x"]),
        ...w.several(3, () => [w.entryId()]),
        ...claimOptions(w),
      ],
    ],
    [
      4,
      (w) => [
        "XAUTOCLAIM",
        w.streamKey(),
        w.group(),
        w.consumer(),
        w.random.pick(["0", "0", "100000", "-1", "x"]),
        w.bound(),
        ...autoclaimOptions(w),
      ],
    ],
    [1, (w) => ["OBJECT", "ENCODING", w.streamKey()]],
    [1, (w) => ["TYPE", w.streamKey()]],
    [0.5, (w) => ["DEL", w.streamKey()]],
    [0.3, (w) => ["SET", w.streamKey(), w.value()]],
    [0.5, (w) => ["COPY", w.streamKey(), w.streamKey(), "REPLACE"]],
    [0.5, (w) => ["RENAME", w.streamKey(), w.streamKey()]],
    [0.3, (w) => ["EXPIRE", w.streamKey(), "100"]],
  ],
};

function pairs(w: Vocabulary): string[] {
  if (w.random.chance(0.7)) return ["f", w.element()];
  return w.several(3, () => [w.random.pick(["f", "g", ""]), w.element()]);
}

function trimming(w: Vocabulary, chance: number): string[] {
  if (!w.random.chance(chance)) return [];
  const [strategy, threshold] = w.random.pick([
    ["MAXLEN", w.random.pick(["0", "1", "3", "5", "100", "-1", "x"])],
    ["MAXLEN", w.random.pick(["2", "4"])],
    ["minid", w.entryId()],
  ]);
  const operator = w.random.pick([[], [], ["="], ["~"]]);
  const limit = w.random.pick([[], [], [], [], ["LIMIT", "0"], ["LIMIT", "10"], ["LIMIT", "-1"]]);
  return [strategy!, ...operator, threshold!, ...limit];
}

function count(w: Vocabulary): string[] {
  return w.random.pick([
    [],
    [],
    ["COUNT", "1"],
    ["count", "2"],
    ["COUNT", "0"],
    ["COUNT", "-1"],
    ["COUNT", "x"],
  ]);
}

function setIdOptions(w: Vocabulary): string[] {
  return w.random.pick([
    [],
    [],
    ["ENTRIESADDED", w.random.pick(["0", "5", "100", "-1", "x"])],
    ["MAXDELETEDID", w.entryId()],
    ["ENTRIESADDED", "7", "MAXDELETEDID", w.entryId()],
    ["ENTRIESADDED"],
  ]);
}

function reading(w: Vocabulary, ids: readonly string[]): string[] {
  const keys = w.random.chance(0.7) ? [w.streamKey()] : [w.streamKey(), w.streamKey()];
  const froms = keys.map(() => w.random.pick(ids));
  return w.random.chance(0.03) ? [...keys, ...froms, "1"] : [...keys, ...froms];
}

function full(w: Vocabulary): string[] {
  return w.random.pick([
    [],
    ["FULL"],
    ["FULL", "COUNT", "1"],
    ["FULL", "COUNT", "0"],
    ["FULL", "COUNT"],
    ["x"],
  ]);
}

function created(w: Vocabulary): string[] {
  return w.random.pick([
    ["MKSTREAM"],
    ["MKSTREAM"],
    [],
    [],
    ["ENTRIESREAD", w.random.pick(["0", "3", "-1", "-2", "x"])],
    ["x"],
  ]);
}

function readSoFar(w: Vocabulary): string[] {
  return w.random.pick([[], [], ["ENTRIESREAD", w.random.pick(["0", "3", "-1", "-2", "x"])], ["MKSTREAM"]]);
}

function idle(w: Vocabulary): string[] {
  return w.random.pick([[], [], [], ["IDLE", "0"], ["IDLE", "100000"], ["IDLE", "x"]]);
}

function claimOptions(w: Vocabulary): string[] {
  const options = [
    ["IDLE", w.random.pick(["0", "1000000", "-5", "x"])],
    ["TIME", w.random.pick(["0", "1000", "x"])],
    ["RETRYCOUNT", w.random.pick(["0", "5", "-1", "x"])],
    ["FORCE"],
    ["JUSTID"],
    ["LASTID", w.entryId()],
    ["beside"],
  ];
  return w.random.chance(0.4) ? [] : w.several(3, () => w.random.pick(options));
}

function autoclaimOptions(w: Vocabulary): string[] {
  return w.random.pick([[], [], ["COUNT", "1"], ["COUNT", "2", "JUSTID"], ["JUSTID"], ["COUNT", "0"], ["x"]]);
}
