import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { HELD } from "#torus/cluster/slot-routes.js";
import { keyAt, SimCluster, slotOfKey } from "../support/sim-cluster.js";

const SEEDS = 10;
const COMMANDS = 60;

/** The integer of a reply such as `"7"` or `7`; 0 of nil. */
function integerOf(reply: string): number {
  return reply === "nil" ? 0 : Number(reply.replaceAll('"', ""));
}

describe("Commands that concern several nodes, when links break", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`are each answered once, and executed at most once where they say so (seed ${seed})`, async () => {
      const cluster = await SimCluster.start({ seed, timeoutMs: 1000 });
      const prng = new Prng(`faults ${seed}`);
      const caller = await cluster.connect(0);
      const keys = [0, 1, 2].map((node) => keyAt(cluster, node));
      const [, near, far] = keys as [string, string, string];
      const { timers } = cluster.world.host("saboteur");
      const commands = Array.from({ length: COMMANDS }, () => {
        const makers = [
          `MULTI;INCR ${near};EXEC`,
          `WATCH ${far};MULTI;INCR ${far};EXEC`,
          `MGET ${keys.join(" ")}`,
          `EXISTS ${keys.join(" ")}`,
          `TOUCH ${keys.join(" ")}`,
          "DBSIZE",
          "KEYS *",
          "RANDOMKEY",
          `GET ${far}`,
        ];
        return makers[prng.uint32() % makers.length]!;
      });
      let executed = 0;
      let doubtful = 0;
      for (const command of commands) {
        if (prng.uint32() % 3 === 0) {
          const [one, other] = [["a"], ["b"], ["c"]].sort(() => (prng.uint32() % 2) - 0.5) as [
            string[],
            string[],
          ];
          timers.after((prng.uint32() % 100) / 100, () => cluster.world.cut(one, other));
          timers.after(prng.uint32() % 3000, () => cluster.world.heal());
        }
        const replies = await caller.askAll(...command.split(";"));
        const last = replies.at(-1)!;
        if (last.startsWith("-")) expect(last).to.match(/^-"(TRYAGAIN|INDOUBT) /);
        if (!command.endsWith("EXEC")) continue;
        if (/^\[\d+\]$/.test(last)) executed++;
        else if (last.startsWith('-"INDOUBT')) doubtful++;
        else expect(last).to.match(/^(nil\[\]|-"TRYAGAIN )/);
      }
      cluster.world.heal();
      await cluster.world.advance(20_000);
      const sum = integerOf(await caller.ask("GET", near)) + integerOf(await caller.ask("GET", far));
      expect(sum).to.be.within(executed, executed + doubtful);
      expect(await caller.ask("DBSIZE")).to.equal(await caller.ask("EXISTS", near, far));
    });
  }

  it("are gathered all the same when their client leaves, and cost nothing afterwards", async () => {
    const cluster = await SimCluster.start();
    const caller = await cluster.connect(0);
    const keys = [0, 1, 2].map((node) => keyAt(cluster, node));
    caller.send("MSET", ...keys.flatMap((key) => [key, "1"]));
    caller.send("DBSIZE");
    await cluster.world.advance(0.1);
    caller.close();
    await cluster.world.advance(100);
    const other = await cluster.connect(1);
    expect(await other.ask("EXISTS", ...keys)).to.be.oneOf(["0", "3"]);
    expect(cluster.nodes[0]!.server.server.state.clients.size).to.equal(0);
  });

  it("reply when all nodes have made their parts last", async () => {
    const cluster = await SimCluster.start({ gates: true });
    const caller = await cluster.connect(0);
    const keys = [0, 1, 2].map((node) => keyAt(cluster, node));
    caller.send("MSET", ...keys.flatMap((key) => [key, "1"]));
    for (const { server } of cluster.nodes) {
      await cluster.world.advance(50);
      expect(caller.unread).to.equal(0);
      server.persistence.sync();
    }
    expect(await caller.read(1)).to.deep.equal(["OK"]);
    caller.send("DEL", ...keys);
    await cluster.world.advance(50);
    for (const { server } of cluster.nodes) server.persistence.sync();
    expect(await caller.read(1)).to.deep.equal(["3"]);
  });

  it("say that a part is in doubt before they say that another failed", async () => {
    const cluster = await SimCluster.start({ timeoutMs: 500 });
    const caller = await cluster.connect(0);
    const keys = [0, 1, 2].map((node) => keyAt(cluster, node));
    cluster.world.partition(["b"], ["a", "client"]);
    expect((await caller.askAll(`GET ${keys[1]}`))[0]).to.match(/^-"TRYAGAIN/);
    cluster.world.cut(["c"], ["a"]);
    const [reply] = await caller.askAll(`DEL ${keys.join(" ")}`);
    expect(reply).to.match(/^-"INDOUBT /);
  });

  it("do not each wait anew, in a pipeline, for what those before them waited for in vain", async () => {
    const timeoutMs = 1000;
    const cluster = await SimCluster.start({ timeoutMs });
    const caller = await cluster.connect(0);
    const [here, there] = [keyAt(cluster, 0), keyAt(cluster, 1)];
    cluster.nodes[0]!.routes.set(slotOfKey(there), HELD);
    const startMs = cluster.world.nowMs;
    const commands = Array.from({ length: 30 }, () => `GET ${there}`);
    const replies = await caller.askAll(`EXISTS ${here} ${there}`, ...commands, `SET ${here} 1`);
    expect(replies.slice(0, -1).every((reply) => reply.startsWith('-"TRYAGAIN '))).to.equal(true);
    expect(replies.at(-1)).to.equal("OK");
    expect(cluster.world.nowMs - startMs).to.be.within(timeoutMs, timeoutMs + 100);
    // Who comes later has its own time.
    const laterMs = cluster.world.nowMs;
    expect(await caller.ask("GET", there)).to.match(/^-"TRYAGAIN /);
    expect(cluster.world.nowMs - laterMs).to.be.at.least(timeoutMs);
  });
});
