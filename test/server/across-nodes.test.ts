import { expect } from "chai";
import { slotOf } from "#torus/base/key-hash.js";
import { Prng } from "#torus/base/prng.js";
import { keyAt, SimCluster } from "../support/sim-cluster.js";
import { SimServer } from "../support/sim-server.js";

const HELLO_3 = Buffer.from("HELLO 3\r\n");
const KEYS = Array.from({ length: 12 }, (_, i) => `k${i}`);

/** Random commands, most of them of several keys. */
function commandsOf(prng: Prng, count: number): string[] {
  const key = () => KEYS[prng.uint32() % KEYS.length]!;
  const keys = () => Array.from({ length: 1 + (prng.uint32() % 5) }, key);
  const makers: (() => string)[] = [
    () => `MGET ${keys().join(" ")}`,
    () =>
      `MSET ${keys()
        .map((name, i) => `${name} v${prng.uint32() % 50}-${i}`)
        .join(" ")}`,
    () => `DEL ${keys().join(" ")}`,
    () => `UNLINK ${keys().join(" ")}`,
    () => `EXISTS ${keys().join(" ")}`,
    () => `TOUCH ${keys().join(" ")}`,
    () => `SET ${key()} ${prng.uint32() % 50}`,
    () => `GET ${key()}`,
    () => `INCR n${prng.uint32() % 3}`,
    () => `MSET ${key()}`,
    () => `MSET ${key()} a ${key()}`,
    () => "DBSIZE",
    () => (prng.uint32() % 8 === 0 ? "FLUSHALL" : "PING"),
    () => (prng.uint32() % 8 === 0 ? "FLUSHDB ASYNC" : "FLUSHDB NOW"),
    () => `SELECT ${prng.uint32() % 2}`,
    () => `MGET ${key()} ${key()}`,
  ];
  return Array.from({ length: count }, () => makers[prng.uint32() % makers.length]!());
}

describe("Commands that concern several nodes", () => {
  for (let seed = 1; seed <= 10; seed++) {
    it(`reply what a lone node replies, in order, in pipelines too (seed ${seed})`, async () => {
      const cluster = await SimCluster.start({ seed });
      const lone = (await SimServer.start()).replyAtOnce();
      const prng = new Prng(`across ${seed}`);
      const caller = await cluster.connect(seed % 3);
      const reference = await lone.connect();
      if (seed % 2 === 0) for (const { connection } of [caller, reference]) connection.write(HELLO_3);
      const greetings = seed % 2 === 0 ? [await caller.read(1), await reference.read(1)] : [];
      expect(greetings).to.have.length(seed % 2 === 0 ? 2 : 0);
      for (let round = 0; round < 12; round++) {
        const commands = commandsOf(prng, 1 + (prng.uint32() % 20));
        const replies = await caller.askAll(...commands);
        expect(replies.map((reply, i) => `${commands[i]}: ${reply}`)).to.deep.equal(
          (await reference.askAll(...commands)).map((reply, i) => `${commands[i]}: ${reply}`),
        );
      }
    });
  }

  for (let seed = 1; seed <= 10; seed++) {
    it(`do so while slots change hands and nodes hear of it late (seed ${seed})`, async () => {
      const cluster = await SimCluster.start({ seed });
      const lone = (await SimServer.start()).replyAtOnce();
      const prng = new Prng(`moves ${seed}`);
      const caller = await cluster.connect(seed % 3);
      const reference = await lone.connect();
      const slots = KEYS.map((key) => slotOf(Buffer.from(key), 0, key.length));
      const { timers } = cluster.world.host("mover");
      for (let round = 0; round < 25; round++) {
        const commands = commandsOf(prng, 1 + (prng.uint32() % 30)).filter(
          (text) => !text.startsWith("SELECT"),
        );
        for (let i = prng.uint32() % 4; i > 0; i--) {
          timers.after((prng.uint32() % 100) / 50, () => {
            const moved = slots.filter(() => prng.uint32() % 3 === 0);
            cluster.move(moved, prng.uint32() % 3, { hearing: [] });
            timers.after(prng.uint32() % 200, () => cluster.tellAll());
          });
        }
        if (commands.length === 0) continue;
        const replies = await caller.askAll(...commands);
        expect(replies.map((reply, i) => `${commands[i]}: ${reply}`)).to.deep.equal(
          (await reference.askAll(...commands)).map((reply, i) => `${commands[i]}: ${reply}`),
        );
      }
    });
  }

  it("refuse keys of several slots where they cannot be taken apart, and say how to", async () => {
    const cluster = await SimCluster.start();
    const caller = await cluster.connect(0);
    const [a, b] = [keyAt(cluster, 0), keyAt(cluster, 1)];
    await caller.ask("SET", a, "1");
    for (const command of [
      `RENAME ${a} ${b}`,
      `COPY ${a} ${b}`,
      `MSETNX ${a} 1 ${b} 2`,
      `RENAMENX ${b} ${a}`,
      `SINTER ${a} ${b}`,
      `SUNIONSTORE ${a} ${a} ${b}`,
      `SMOVE ${a} ${b} m`,
      `SINTERCARD 2 ${a} ${b} LIMIT 1`,
      `LMOVE ${a} ${b} LEFT RIGHT`,
      `RPOPLPUSH ${a} ${b}`,
      `LMPOP 2 ${a} ${b} LEFT`,
      `ZUNION 2 ${a} ${b}`,
      `ZUNIONSTORE ${a} 2 ${a} ${b}`,
      `ZRANGESTORE ${a} ${b} 0 -1`,
      `ZMPOP 2 ${a} ${b} MIN`,
      `GEOSEARCHSTORE ${a} ${b} FROMLONLAT 0 0 BYRADIUS 1 m`,
      `GEORADIUS ${a} 0 0 1 m STORE ${b}`,
    ]) {
      const [reply] = await caller.askAll(command);
      expect(reply).to.match(/^-"CROSSSLOT Keys in request don't hash to the same slot .*tag/);
    }
    expect(await caller.ask("RENAME", `{${a}}1`, `{${a}}2`)).to.equal('-"ERR no such key"');
    expect(await caller.ask("SWAPDB", "0", "1")).to.match(/^-"ERR SWAPDB cannot be done on a cluster/);
  });

  it("of sorted sets in one slot reply at every node what a lone node replies", async () => {
    const cluster = await SimCluster.start();
    const lone = (await SimServer.start()).replyAtOnce();
    const prng = new Prng("sorted sets across");
    const callers = await Promise.all([0, 1, 2].map((node) => cluster.connect(node)));
    const reference = await lone.connect();
    const member = () => `m${prng.uint32() % 12}`;
    const score = () => prng.uint32() % 8;
    const degrees = () => (prng.uint32() % 40) - 20;
    const tags = [0, 1, 2].map((node) => keyAt(cluster, node));
    for (let round = 0; round < 90; round++) {
      const tag = tags[prng.uint32() % tags.length]!;
      const key = () => `{${tag}}${prng.uint32() % 3}`;
      const [command] = prng.shuffle([
        `ZADD ${key()} ${score()} ${member()} ${score()} ${member()} ${score()} ${member()}`,
        `ZADD ${key()} GT CH ${score()} ${member()}`,
        `ZINCRBY ${key()} ${score()} ${member()}`,
        `ZREM ${key()} ${member()} ${member()}`,
        `ZPOPMIN ${key()}`,
        `ZMPOP 2 ${key()} ${key()} MAX COUNT 2`,
        `ZREMRANGEBYSCORE ${key()} 0 1`,
        `ZRANGE ${key()} 0 -1 WITHSCORES`,
        `ZRANK ${key()} ${member()}`,
        `ZUNIONSTORE ${key()} 2 ${key()} ${key()} AGGREGATE MAX`,
        `ZINTER 2 ${key()} ${key()} WITHSCORES`,
        `ZRANGESTORE ${key()} ${key()} 0 2`,
        `GEOADD ${key()} ${degrees()} ${degrees()} ${member()}`,
        `GEORADIUS ${key()} 0 0 5000 km ASC STORE ${key()}`,
        `GEOSEARCH ${key()} FROMLONLAT 0 0 BYRADIUS 3000 km WITHDIST ASC`,
      ]);
      const caller = callers[prng.uint32() % callers.length]!;
      expect(`${command}: ${await caller.askAll(command!)}`).to.equal(
        `${command}: ${await reference.askAll(command!)}`,
      );
    }
  });

  it("of sets in one slot reply at every node what a lone node replies", async () => {
    const cluster = await SimCluster.start();
    const lone = (await SimServer.start()).replyAtOnce();
    const prng = new Prng("sets across");
    const callers = await Promise.all([0, 1, 2].map((node) => cluster.connect(node)));
    const reference = await lone.connect();
    // Integers alone, which are answered in their order.
    const member = () => prng.uint32() % 12;
    const tags = [0, 1, 2].map((node) => keyAt(cluster, node));
    for (let round = 0; round < 60; round++) {
      const tag = tags[prng.uint32() % tags.length]!;
      const key = () => `{${tag}}${prng.uint32() % 3}`;
      const [command] = prng.shuffle([
        `SADD ${key()} ${member()} ${member()} ${member()}`,
        `SREM ${key()} ${member()} ${member()}`,
        `SMOVE ${key()} ${key()} ${member()}`,
        `SINTERSTORE ${key()} ${key()} ${key()}`,
        `SUNIONSTORE ${key()} ${key()} ${key()}`,
        `SDIFFSTORE ${key()} ${key()} ${key()}`,
        `SINTERCARD 2 ${key()} ${key()}`,
        `SUNION ${key()} ${key()} ${key()}`,
        `SPOP ${key()} 100`,
        `SSCAN ${key()} 0`,
      ]);
      const caller = callers[prng.uint32() % callers.length]!;
      expect(`${command}: ${await caller.askAll(command!)}`).to.equal(
        `${command}: ${await reference.askAll(command!)}`,
      );
    }
  });

  it("of lists in one slot reply at every node what a lone node replies", async () => {
    const cluster = await SimCluster.start();
    const lone = (await SimServer.start()).replyAtOnce();
    const prng = new Prng("lists across");
    const callers = await Promise.all([0, 1, 2].map((node) => cluster.connect(node)));
    const reference = await lone.connect();
    const element = () => prng.uint32() % 5;
    const tags = [0, 1, 2].map((node) => keyAt(cluster, node));
    const end = () => prng.pick(["LEFT", "RIGHT"]);
    for (let round = 0; round < 100; round++) {
      const tag = prng.pick(tags);
      const key = () => `{${tag}}${prng.uint32() % 2}`;
      const [command] = prng.shuffle([
        `RPUSH ${key()} ${element()} ${element()} ${element()}`,
        `LPUSH ${key()} ${element()} ${element()} ${element()}`,
        `LPOP ${key()}`,
        `RPOP ${key()} 2`,
        `LINSERT ${key()} BEFORE ${element()} ${element()}`,
        `LINSERT ${key()} AFTER ${element()} ${element()}`,
        `LSET ${key()} ${element()} ${element()}`,
        `LREM ${key()} ${element() - 2} ${element()}`,
        `LTRIM ${key()} 0 -2`,
        `LMOVE ${key()} ${key()} ${end()} ${end()}`,
        `LMPOP 2 ${key()} ${key()} ${end()} COUNT 2`,
        `LPOS ${key()} ${element()} COUNT 0`,
        `LRANGE ${key()} 0 -1`,
      ]);
      const caller = prng.pick(callers);
      expect(`${command}: ${await caller.askAll(command!)}`).to.equal(
        `${command}: ${await reference.askAll(command!)}`,
      );
    }
  });

  it("on texts, and SORT, in one slot reply at every node what a lone node replies", async () => {
    const cluster = await SimCluster.start();
    const lone = (await SimServer.start()).replyAtOnce();
    const prng = new Prng("texts across");
    const callers = await Promise.all([0, 1, 2].map((node) => cluster.connect(node)));
    const reference = await lone.connect();
    const tags = [0, 1, 2].map((node) => keyAt(cluster, node));
    const number = () => prng.uint32() % 6;
    for (let round = 0; round < 100; round++) {
      const tag = prng.pick(tags);
      const key = (kind: string) => `{${tag}}${kind}${prng.uint32() % 2}`;
      const [command] = prng.shuffle([
        `SET ${key("t")} v${number()}`,
        `BITOP XOR ${key("t")} ${key("t")} ${key("t")}`,
        `BITFIELD ${key("t")} SET u8 ${number()} ${number()} GET i5 3`,
        `BITFIELD_RO ${key("t")} GET u8 0`,
        `LCS ${key("t")} ${key("t")} IDX`,
        `PFADD ${key("p")} ${number()} ${number()}`,
        `PFMERGE ${key("p")} ${key("p")} ${key("p")}`,
        `PFCOUNT ${key("p")} ${key("p")}`,
        `PFCOUNT ${key("p")}`,
        `RPUSH ${key("l")} ${number()} ${number()} ${number()}`,
        `SORT ${key("l")} DESC LIMIT 0 4`,
        `SORT_RO ${key("l")} BY {${tag}}t* GET # GET {${tag}}t*`,
        `SORT ${key("l")} ALPHA STORE ${key("l")}`,
        `LRANGE ${key("l")} 0 -1`,
      ]);
      const caller = prng.pick(callers);
      expect(`${command}: ${await caller.askAll(command!)}`).to.equal(
        `${command}: ${await reference.askAll(command!)}`,
      );
    }
  });

  it("refuse SORT what lies in other slots, or may", async () => {
    const cluster = await SimCluster.start();
    const [key, other] = [keyAt(cluster, 1), keyAt(cluster, 2)];
    const caller = await cluster.connect(0);
    await caller.askAll(`RPUSH ${key} 2 1`);
    const replies = await caller.askAll(
      `SORT ${key} BY w_*`,
      `SORT ${key} BY {${other}}*`,
      `SORT ${key} BY *{${key}}`,
      `SORT ${key} BY {}*{${key}}`,
      `SORT ${key} BY nosort GET #`,
      `SORT ${key} GET w_*`,
      `SORT ${key} STORE ${other}`,
      `SORT ${key} BY {${key}}w* GET {${key}}*->f`,
    );
    const denied = (option: string) => `-"ERR ${option} option of SORT denied in cluster mode."`;
    expect(replies.slice(0, 4)).to.deep.equal(Array(4).fill(denied("BY")));
    expect(replies[4]).to.equal('["2" "1"]');
    expect(replies[5]).to.equal(denied("GET"));
    expect(replies[6]).to.match(/^-"CROSSSLOT/);
    expect(replies[7]).to.equal("[nil nil]");
  });

  it("do all that on a node that is alone in its cluster", async () => {
    const cluster = await SimCluster.start({ nodes: 1 });
    const caller = await cluster.connect(0);
    expect(
      await caller.askAll("MSETNX a 1 b 2", "RENAME a c", "COPY c d", "SWAPDB 0 1", "SELECT 1", "MGET b c d"),
    ).to.deep.equal(["1", "OK", "1", "OK", "OK", '["2" "1" "1"]']);
    expect(
      await caller.askAll("RPUSH l 1 2", "MSET w_1 9 w_2 8", "SORT l BY w_* GET # GET w_*", "DEL l w_1 w_2"),
    ).to.deep.equal(["2", "OK", '["2" "8" "1" "9"]', "3"]);
    expect(await caller.askAll("SADD x 1 2", "SADD y 2 3", "SMOVE x z 1", "SINTERCARD 2 x y")).to.deep.equal([
      "2",
      "2",
      "1",
      "1",
    ]);
  });
});
