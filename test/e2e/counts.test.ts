import { expect } from "chai";
import { encodeCommand } from "../support/request.js";
import { onEveryServer } from "../support/servers.js";
import { connectTo, type Target } from "../support/target.js";
import { vital } from "../support/vitals.js";
import type { WireClient } from "../support/wire-client.js";

/** What a command adds to each of these. */
interface Counts {
  readonly hits: number;
  readonly misses: number;
  /** Since the last snapshot. */
  readonly changes: number;
  /** Of `k`, which may keep it from eviction. */
  readonly uses: number;
}

/** Before each: `k` is a text, `h` a hash, `s` and `t` sets, `z` a sorted one, `n` a counter, `gone` has expired and nobody has noticed, `copy` is in database 1 too. */
const SETUP = [
  "SET k v",
  "HSET h a 1 b 2",
  "SADD s a b",
  "SADD t b c",
  "RPUSH q a b c",
  "ZADD z 1 a 2 b",
  "SET n 1",
  "INCR n",
  "SET copy x",
  "COPY copy copy DB 1",
  "SET gone v PXAT 1",
];

/** What is left out is zero, but uses of `k`, which may be any number. */
const CASES: Readonly<Record<string, Partial<Counts>>> = {
  "GET k": { hits: 1, uses: 1 },
  "GET absent": { misses: 1 },
  "GET gone": { misses: 1 },
  "MGET k absent k": { hits: 2, misses: 1, uses: 2 },
  "STRLEN k": { hits: 1, uses: 1 },
  "EXISTS k k absent": { hits: 2, misses: 1 },
  "TOUCH k absent": { hits: 1, misses: 1, uses: 1 },
  "TYPE k": { hits: 1 },
  "TYPE absent": { misses: 1 },
  "TTL k": { hits: 1 },
  "PTTL absent": { misses: 1 },
  "EXPIRETIME k": { hits: 1 },
  "PEXPIRETIME absent": { misses: 1 },
  "OBJECT ENCODING k": { hits: 1 },
  "OBJECT REFCOUNT absent": { misses: 1 },
  "MEMORY USAGE k": {},
  "KEYS *": {},
  DBSIZE: {},
  "SET k w": { changes: 1 },
  "SET gone w": { changes: 1 },
  "SETNX k w": { uses: 1 },
  "SET k w XX GET": { hits: 1, changes: 1 },
  "GETSET absent v": { misses: 1, changes: 1 },
  "GETEX k": { hits: 1, uses: 1 },
  "GETEX k EX 100": { hits: 1, changes: 1, uses: 1 },
  "APPEND k x": { changes: 1, uses: 1 },
  "SETRANGE k 0 x": { changes: 1, uses: 1 },
  "SETBIT k 1 1": { uses: 1 },
  "SETBIT k 1 0": { changes: 1, uses: 1 },
  "SETBIT n 1 0": {},
  "GETBIT k 1": { hits: 1, uses: 1 },
  "MSET a 1 b 2": { changes: 2 },
  "INCR n": { changes: 1 },
  "INCR gone": { changes: 1 },
  "HSET h a 1 c 2": { changes: 2 },
  "HSET gone a 1": { changes: 1 },
  "HSETNX h a 1": {},
  "HDEL h a absent": { changes: 1 },
  "HGET h absent": { hits: 1 },
  "HGET gone a": { misses: 1 },
  "HMGET absent a b": { misses: 1 },
  "SADD s a x y": { changes: 2 },
  "SADD s a": {},
  "SADD gone a": { changes: 1 },
  "ZADD z 1 a 5 b 3 c": { changes: 2 },
  "ZADD z XX 1 x": {},
  "ZADD gone 1 a": { changes: 1 },
  "ZINCRBY z 1 a": { changes: 1 },
  "ZREM z a b": { changes: 2 },
  "ZREM z x": {},
  "ZPOPMIN z": { changes: 1 },
  "ZPOPMAX z 5": { changes: 2 },
  "ZPOPMIN z 0": {},
  "ZMPOP 2 absent z MIN COUNT 2": { changes: 2 },
  "ZREMRANGEBYRANK z 0 0": { changes: 1 },
  "ZREMRANGEBYSCORE z 5 6": {},
  "ZCARD z": { hits: 1 },
  "ZSCORE gone a": { misses: 1 },
  "ZRANK z a": { hits: 1 },
  "ZRANGE z 0 -1": { hits: 1 },
  "ZRANDMEMBER z": { hits: 1 },
  "ZSCAN z 0": { hits: 1 },
  "ZUNION 2 z gone": { hits: 1, misses: 1 },
  "ZINTERCARD 2 absent z": { hits: 1, misses: 1 },
  "ZUNIONSTORE d 2 z z": { hits: 2, changes: 1 },
  "ZDIFFSTORE z 2 z z": { hits: 2, changes: 1 },
  "ZRANGESTORE d z 0 -1": { hits: 1, changes: 1 },
  "ZRANGESTORE z absent 0 -1": { misses: 1, changes: 1 },
  "GEOADD z 1 1 place": { changes: 1 },
  "GEOPOS z a": { hits: 1 },
  "GEODIST absent a b": { misses: 1 },
  "GEOSEARCHSTORE d z FROMMEMBER a BYRADIUS 1 m": { hits: 1, changes: 2 },
  "GEORADIUS z 0 0 1 m STORE z": { hits: 1, changes: 1 },
  "SREM s a b": { changes: 2 },
  "SREM s x": {},
  "SPOP s": { changes: 1 },
  "SPOP s 0": {},
  "SPOP absent": {},
  "SMOVE s t a": { changes: 2 },
  "SMOVE s t b": { changes: 1 },
  "SMOVE s s a": {},
  "SMOVE s t x": {},
  "SMEMBERS s": { hits: 1 },
  "SCARD absent": { misses: 1 },
  "SISMEMBER gone a": { misses: 1 },
  "SMISMEMBER s a x": { hits: 1 },
  "SRANDMEMBER s 2": { hits: 1 },
  "SSCAN s 0": { hits: 1 },
  "SINTER s t s": { hits: 3 },
  "SINTER absent s": { hits: 1, misses: 1 },
  "SUNION s gone": { hits: 1, misses: 1 },
  "SDIFF absent s": { hits: 1, misses: 1 },
  "SINTERCARD 2 s t": { hits: 2 },
  "SINTERSTORE d s t": { hits: 2, changes: 1 },
  "SUNIONSTORE k s": { hits: 1, changes: 1 },
  "SDIFFSTORE t s s": { hits: 2, changes: 1 },
  "SDIFFSTORE absent s s": { hits: 2 },
  "RPUSH q a b": { changes: 2 },
  "LPUSH gone a": { changes: 1 },
  "RPUSHX absent a": {},
  "LPOP q": { changes: 1 },
  "RPOP q 5": { changes: 3 },
  "LPOP q 0": {},
  "LPOP absent": {},
  "LLEN q": { hits: 1 },
  "LLEN absent": { misses: 1 },
  "LINDEX q 7": { hits: 1 },
  "LRANGE gone 0 -1": { misses: 1 },
  "LPOS q b": { hits: 1 },
  "LSET q 0 a": { changes: 1 },
  "LINSERT q BEFORE b x": { changes: 1 },
  "LINSERT q BEFORE y x": {},
  "LREM q 0 a": { changes: 1 },
  "LREM q 0 x": {},
  "LTRIM q 1 1": { changes: 2 },
  "LTRIM q 0 -1": {},
  "LTRIM q 3 1": { changes: 3 },
  "LMOVE q r LEFT RIGHT": { changes: 1 },
  "LMOVE q q LEFT RIGHT": { changes: 1 },
  "LMOVE q q LEFT LEFT": { changes: 1 },
  "RPOPLPUSH absent q": {},
  "LMPOP 2 absent q LEFT COUNT 2": { changes: 2 },
  "DEL k absent": { changes: 1 },
  "DEL gone": {},
  "EXPIRE k 100": { changes: 1, uses: 1 },
  "EXPIRE k 100 XX": { uses: 1 },
  "PERSIST k": { uses: 1 },
  "RENAME h k": { changes: 1 },
  "RENAMENX h k": { uses: 1 },
  "RENAMENX h l": { changes: 1 },
  "COPY k l": { hits: 1, changes: 1, uses: 1 },
  "COPY h k": { hits: 1, uses: 1 },
  "COPY absent k": { misses: 1 },
  "MOVE h 1": { changes: 1 },
  "MOVE copy 1": {},
  "MOVE absent 1": {},
  "SWAPDB 2 3": { changes: 1 },
  "SWAPDB 2 2": { changes: 1 },
  // An expired key is a key until somebody looks at it.
  FLUSHDB: { changes: 9 },
};

onEveryServer("INFO and OBJECT FREQ", (start) => {
  let target: Target;
  let client: WireClient;

  before(async () => {
    target = await start();
    client = await connectTo(target);
    for (const [option, value] of [
      ["save", ""],
      ["maxmemory-policy", "allkeys-lfu"],
      // Every use counts.
      ["lfu-log-factor", 0],
      ["maxmemory", 0],
    ] as const) {
      expect(await client.ask("CONFIG", "SET", option, value)).to.equal("OK");
    }
    expect(await client.ask("DEBUG", "SET-ACTIVE-EXPIRE", 0)).to.equal("OK");
  });
  after(async () => {
    await client?.close();
    await target?.close();
  });

  async function uses(): Promise<number> {
    const reply = await client.call("OBJECT", "FREQ", "k");
    return reply.kind === "integer" ? Number(reply.value) : Number.NaN;
  }

  async function counts(): Promise<Counts> {
    const [hits, misses, changes] = [
      await vital(client, "keyspace_hits"),
      await vital(client, "keyspace_misses"),
      await vital(client, "rdb_changes_since_last_save"),
    ];
    return { hits, misses, changes, uses: await uses() };
  }

  for (const [command, expected] of Object.entries(CASES)) {
    it(`count ${described(expected)} for ${command}`, async () => {
      await client.ask("FLUSHALL");
      client.send(Buffer.concat(SETUP.map((each) => encodeCommand(each.split(" ")))));
      for (const _ of SETUP) expect((await client.reply()).kind).not.to.equal("error");
      const before = await counts();
      expect((await client.call(...command.split(" "))).kind).not.to.equal("error");
      const after = await counts();
      const found = {
        // Asking for the uses of `k` is a hit.
        hits: after.hits - before.hits - 1,
        misses: after.misses - before.misses,
        changes: after.changes - before.changes,
      };
      const { hits = 0, misses = 0, changes = 0, uses } = expected;
      expect(found).to.deep.equal({ hits, misses, changes });
      if (uses !== undefined) expect(after.uses - before.uses).to.equal(uses);
    });
  }
});

function described(counts: Partial<Counts>): string {
  const parts = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  return parts.length === 0 ? "nothing" : parts.join(", ");
}
