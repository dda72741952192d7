import { expect } from "chai";
import { type Config, defaultConfig, makeConfig } from "#torus/config/config.js";
import { ConfigStore, type NamedText } from "#torus/config/config-store.js";

/** The error of a CONFIG SET that must fail, checked to have changed nothing. */
function errorOf(...changes: NamedText[]): string {
  const store = new ConfigStore(defaultConfig);
  const outcome = store.set(changes);
  expect(store.current).to.equal(defaultConfig);
  return outcome.kind === "refused" ? outcome.error : "it was set";
}

function failed(name: string, problem: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${problem}`;
}

describe("config store", () => {
  it("sets many options at once and tells subscribers once", () => {
    const store = new ConfigStore(defaultConfig);
    const seen: Config[] = [];
    const unsubscribe = store.subscribe((config, before) => seen.push(before, config));
    const changes: NamedText[] = [
      ["maxmemory", "100mb"],
      ["MAXMEMORY-POLICY", "AllKeys-LRU"],
      ["protected-mode", "NO"],
    ];
    expect(store.set(changes)).to.deep.equal({ kind: "set" });
    expect(store.current.maxmemoryBytes).to.equal(104_857_600);
    expect(store.current.maxmemoryPolicy).to.equal("allkeys-lru");
    expect(store.current.protectedMode).to.equal(false);
    expect(seen).to.deep.equal([defaultConfig, store.current]);
    unsubscribe();
    store.set([["hz", "20"]]);
    expect(seen).to.have.length(2);
  });

  it("never changes a snapshot that someone holds", () => {
    const store = new ConfigStore(makeConfig({ hz: 7 }));
    const held = store.current;
    store.set([["hz", "8"]]);
    expect([held.hz, store.current.hz]).to.deep.equal([7, 8]);
    expect(() => Object.assign(held, { hz: 9 })).to.throw(TypeError);
  });

  // The texts of redis-server 7.0.15, taken from it; bounds are ours where 64-bit integers are not.
  const refusals: readonly (readonly [changes: NamedText[], error: string])[] = [
    [[["foo", "bar"]], "ERR Unknown option or number of arguments for CONFIG SET - 'foo'"],
    [[["maxmemory", "abc"]], failed("maxmemory", "argument must be a memory value")],
    [[["maxmemory", "-1"]], failed("maxmemory", "argument must be a memory value")],
    [
      [["maxmemory-samples", "0"]],
      failed("maxmemory-samples", "argument must be between 1 and 2147483647 inclusive"),
    ],
    [
      [["maxmemory-samples", "x"]],
      failed("maxmemory-samples", "argument couldn't be parsed into an integer"),
    ],
    [[["slowlog-max-len", "+10"]], failed("slowlog-max-len", "argument couldn't be parsed into an integer")],
    [[["slowlog-max-len", "010"]], failed("slowlog-max-len", "argument couldn't be parsed into an integer")],
    [[["slowlog-max-len", ""]], failed("slowlog-max-len", "argument couldn't be parsed into an integer")],
    [
      [["maxmemory-policy", "lru"]],
      failed(
        "maxmemory-policy",
        "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, volatile-ttl, " +
          "allkeys-lru, allkeys-lfu, allkeys-random, noeviction",
      ),
    ],
    [
      [["loglevel", "foo"]],
      failed("loglevel", "argument(s) must be one of the following: debug, verbose, notice, warning"),
    ],
    [[["protected-mode", "maybe"]], failed("protected-mode", "argument must be 'yes' or 'no'")],
    [[["DataBases", "3"]], failed("DataBases", "can't set immutable config")],
    [[["HZ", "a"]], failed("hz", "argument couldn't be parsed into an integer")],
    [
      [["maxmemory-clients", "101%"]],
      failed("maxmemory-clients", "percentage argument must be less or equal to 100"),
    ],
    [[["maxmemory-clients", "x"]], failed("maxmemory-clients", "argument must be a memory or percent value")],
    [
      [["client-output-buffer-limit", "normal 0 0"]],
      failed("client-output-buffer-limit", "Wrong number of arguments in buffer limit configuration."),
    ],
    [
      [["client-output-buffer-limit", "foo 0 0 0"]],
      failed("client-output-buffer-limit", "Invalid client class specified in buffer limit configuration."),
    ],
    [
      [["client-output-buffer-limit", "normal 0 0 -1"]],
      failed(
        "client-output-buffer-limit",
        "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
      ),
    ],
    [
      [
        ["hz", "5"],
        ["HZ", "6"],
      ],
      failed("HZ", "duplicate parameter"),
    ],
    // Names are judged before values, from left to right.
    [
      [
        ["maxmemory", "xx"],
        ["foo", "1"],
      ],
      "ERR Unknown option or number of arguments for CONFIG SET - 'foo'",
    ],
    [
      [
        ["databases", "2"],
        ["foo", "1"],
      ],
      failed("databases", "can't set immutable config"),
    ],
    [
      [
        ["maxmemory", "5"],
        ["hz", "abc"],
      ],
      failed("hz", "argument couldn't be parsed into an integer"),
    ],
  ];
  for (const [changes, error] of refusals) {
    it(`changes nothing for ${JSON.stringify(changes.flat())} and says why in Redis's words`, () => {
      expect(errorOf(...changes)).to.equal(error);
    });
  }

  it("lets one option be set under two of its names, the later winning", () => {
    const store = new ConfigStore(defaultConfig);
    const outcome = store.set([
      ["hash-max-ziplist-entries", "3"],
      ["hash-max-listpack-entries", "4"],
    ]);
    expect(outcome.kind).to.equal("set");
    expect(store.current.hashMaxListpackEntries).to.equal(4);
  });

  it("keeps the limits of client classes that a change does not name", () => {
    const store = new ConfigStore(defaultConfig);
    store.set([["client-output-buffer-limit", "NORMAL 1mb 1kb 10 slave 1 2 3"]]);
    expect(store.get(["client-output-buffer-limit"])).to.deep.equal([
      ["client-output-buffer-limit", "normal 1048576 1024 10 slave 1 2 3 pubsub 33554432 8388608 60"],
    ]);
  });

  it("gets options by glob patterns in either case, each name once", () => {
    const store = new ConfigStore(makeConfig({ maxmemoryBytes: 1024 }));
    expect(store.get(["MAXMEM?RY", "maxmemory", "m[a-b]xclients", "nothing"])).to.deep.equal([
      ["maxclients", "10000"],
      ["maxmemory", "1024"],
    ]);
    expect(store.get(["hash-max-*-entries"])).to.deep.equal([
      ["hash-max-listpack-entries", "512"],
      ["hash-max-ziplist-entries", "512"],
    ]);
    expect(store.get(["no-such-option"])).to.deep.equal([]);
  });

  it("takes back every text that it shows for a mutable option", () => {
    const store = new ConfigStore(defaultConfig);
    for (const [name, text] of store.get(["*"])) {
      const outcome = store.set([[name, text]]);
      if (outcome.kind === "refused") expect(outcome.error).to.include("immutable");
    }
    expect(store.current).to.deep.equal(defaultConfig);
  });
});
