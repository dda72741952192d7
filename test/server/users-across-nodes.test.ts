import { expect } from "chai";
import type { SimCaller } from "../support/sim-caller.js";
import { keyAt, SimCluster } from "../support/sim-cluster.js";

const NO_KEY = '-"NOPERM this user has no permissions to access one of the keys used as arguments"';

/** A user of the first node alone, who may use keys with these names; and a connection of that user. */
async function callerWith(cluster: SimCluster, ...rules: string[]): Promise<SimCaller> {
  const operator = await cluster.connect(0);
  expect(await operator.ask("ACL", "SETUSER", "bob", "on", "nopass", "+@all", ...rules)).to.equal("OK");
  const caller = await cluster.connect(0);
  expect(await caller.ask("AUTH", "bob", "x")).to.equal("OK");
  return caller;
}

describe("Users on a cluster", () => {
  it("are those of the node that the client is connected to", async () => {
    const cluster = await SimCluster.start();
    await callerWith(cluster);
    expect(await (await cluster.connect(1)).ask("AUTH", "bob", "x")).to.match(/^-"WRONGPASS /);
  });

  it("are judged there, whoever executes: others do not know them, and need not", async () => {
    const cluster = await SimCluster.start();
    const [mine, theirs, here] = [
      keyAt(cluster, 1, "mine"),
      keyAt(cluster, 1, "theirs"),
      keyAt(cluster, 0, "mine"),
    ];
    const caller = await callerWith(cluster, `~${mine}`, `%R~${here}`);
    const replies = await caller.askAll(
      `SET ${mine} 1`,
      `SET ${theirs} 1`,
      `GET ${mine}`,
      `GET ${theirs}`,
      `SET ${here} 1`,
      `GET ${here}`,
      `GET ${mine}`,
    );
    expect(replies).to.deep.equal(["OK", NO_KEY, '"1"', NO_KEY, NO_KEY, "nil", '"1"']);
    expect(await (await cluster.connect(1)).ask("EXISTS", theirs)).to.equal("0");
  });

  it("are judged once for a command of keys at several nodes, before any of it is executed", async () => {
    const cluster = await SimCluster.start();
    const keys = [0, 1, 2].map((node) => keyAt(cluster, node, "key"));
    const caller = await callerWith(cluster, `~${keys[0]}`, `~${keys[1]}`, `%R~${keys[2]}`);
    const pairs = keys.flatMap((key) => [key, "1"]);
    expect(await caller.ask("MSET", ...pairs)).to.equal(NO_KEY);
    expect(await caller.ask("MGET", ...keys)).to.equal("[nil nil nil]");
    expect(await caller.ask("MSET", ...pairs.slice(0, 4))).to.equal("OK");
    expect(await caller.ask("MGET", ...keys)).to.equal('["1" "1" nil]');
    expect(await caller.ask("DEL", ...keys)).to.equal(NO_KEY);
    expect(await caller.ask("DBSIZE")).to.equal("2");
    expect(await caller.ask("FLUSHALL")).to.equal("OK");
  });

  it("are judged in a pipeline command by command, though like commands travel together", async () => {
    const cluster = await SimCluster.start();
    const keys = Array.from({ length: 12 }, (_, i) => keyAt(cluster, 1, `k${i}`));
    const caller = await callerWith(cluster, ...keys.filter((_, i) => i % 3 !== 0).map((key) => `~${key}`));
    const replies = await caller.askAll(...keys.map((key) => `SET ${key} 1`));
    expect(replies).to.deep.equal(keys.map((_, i) => (i % 3 === 0 ? NO_KEY : "OK")));
  });

  it("are judged again when a transaction leaves for another node: what is denied does not travel", async () => {
    const cluster = await SimCluster.start();
    const key = keyAt(cluster, 1);
    const caller = await callerWith(cluster, "~*");
    const operator = await cluster.connect(0);
    for (const [taken, expected] of [
      ["-get", /^\[OK -"NOPERM ACLs .*subcommand" 2 -"NOPERM ACLs .*" PONG\]$/],
      ["-set", /^\[-"NOPERM ACLs .*" nil 1 "1" PONG\]$/],
      ["-@all", /^-"EXECABORT Transaction discarded because of: NOPERM .*'exec' command"$/],
      ["-@all +exec", /^\[(-"NOPERM ACLs [^"]*" ?){5}\]$/],
      ["resetkeys", /^\[(-"NOPERM ACLs [^"]*specified keys" ){4}PONG\]$/],
    ] as const) {
      await operator.askAll("ACL SETUSER bob +@all ~*", "FLUSHALL");
      await caller.askAll("MULTI", `SET ${key} 1`, `GET ${key}`, `INCR ${key}`, `GET ${key}`, "PING");
      expect(await operator.ask("ACL", "SETUSER", "bob", ...taken.split(" "))).to.equal("OK");
      expect(await caller.ask("EXEC"), taken).to.match(expected);
    }
    await operator.askAll("ACL SETUSER bob +@all ~*", "FLUSHALL");
    await caller.askAll(`WATCH ${key}`, "MULTI", `GET ${key}`);
    await operator.askAll("ACL SETUSER bob -get", `SET ${key} 2`);
    // It was over before anybody was to be judged.
    expect(await caller.ask("EXEC")).to.equal("nil[]");
  });

  it("are changed on the client's own node by a transaction, or not at all", async () => {
    const cluster = await SimCluster.start();
    const [here, there] = [keyAt(cluster, 0), keyAt(cluster, 1)];
    const caller = await cluster.connect(0);
    const own = await caller.askAll("MULTI", "ACL SETUSER eve on", `SET ${here} 1`, "EXEC");
    expect(own[3]).to.equal("[OK OK]");
    const other = await caller.askAll(
      "MULTI",
      "ACL SETUSER mallory on",
      `SET ${there} 1`,
      "EXEC",
      "ACL USERS",
    );
    expect(other[3]).to.match(/^-"EXECABORT .*ACL SETUSER is for this connection/);
    expect(other[4]).to.equal('["default" "eve"]');
    expect(await (await cluster.connect(1)).ask("ACL", "USERS")).to.equal('["default"]');
  });

  it("are denied once what a transaction does that has to wait before it leaves", async () => {
    const cluster = await SimCluster.start();
    const key = keyAt(cluster, 1);
    const caller = await callerWith(cluster, "~*");
    await (await cluster.connect(1)).ask("CLIENT", "PAUSE", "300");
    for (const command of [["GET", key], ["MULTI"], ["SET", key, "1"], ["GET", key]]) caller.send(...command);
    await cluster.world.advance(100);
    await (await cluster.connect(0)).ask("ACL", "SETUSER", "bob", "-set");
    caller.send("EXEC");
    const replies = await caller.read(5);
    expect(replies[4]).to.match(/^\[-"NOPERM ACLs .*" nil\]$/);
    const { log } = cluster.nodes[0]!.server.server.state.access;
    expect(log.latest(10).map(({ object, count }) => `${object} ${count}`)).to.deep.equal(["set 1"]);
  });

  it("keep their passwords where they are: no transaction takes what concerns a node, or a connection, to another one", async () => {
    const cluster = await SimCluster.start();
    const [here, there] = [keyAt(cluster, 0), keyAt(cluster, 1)];
    const caller = await cluster.connect(0);
    for (const command of [
      "CONFIG SET requirepass secret",
      "CONFIG RESETSTAT",
      "CLIENT KILL TYPE normal",
      "CLIENT PAUSE 1",
      "CLIENT ID",
      "SLOWLOG RESET",
      "LATENCY RESET",
      "DEBUG SLEEP 0",
    ]) {
      const replies = await caller.askAll("MULTI", command, `SET ${there} 1`, "EXEC");
      expect(replies[3], command).to.match(/^-"EXECABORT .* is for this connection/);
    }
    const own = await caller.askAll("MULTI", "CONFIG SET requirepass secret", `SET ${here} 1`, "EXEC");
    expect(own[3]).to.equal("[OK OK]");
    expect(await (await cluster.connect(0)).ask("PING")).to.match(/^-"NOAUTH /);
    expect(await (await cluster.connect(1)).ask("PING")).to.equal("PONG");
  });

  it("leave the traces of denials on the client's node alone", async () => {
    const cluster = await SimCluster.start();
    const key = keyAt(cluster, 1);
    const caller = await callerWith(cluster, "~other");
    expect(await caller.ask("GET", key)).to.equal(NO_KEY);
    expect(await (await cluster.connect(0)).ask("ACL", "LOG")).to.include(`"object" "${key}"`);
    expect(await (await cluster.connect(1)).ask("ACL", "LOG")).to.equal("[]");
  });
});
