import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { CachingClient } from "../support/caching-client.js";
import { ReplicatedNodes } from "../support/replicated-nodes.js";
import { SimCaller } from "../support/sim-caller.js";
import { NODE_PORT } from "./cluster/fleet.js";

const SEEDS = 2;
const KEYS = Array.from({ length: 30 }, (_, i) => `key:${i}`);

const settled = async (nodes: ReplicatedNodes) => (await nodes.fleet.unsettled()) === undefined;

describe("what clients cache in a cluster", function () {
  this.timeout(90_000);
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`is not stale when all is quiet, though nodes came, went and crashed (seed ${seed})`, async () => {
      const nodes = await ReplicatedNodes.start(3, {}, `caches ${seed}`);
      const { world, fleet } = nodes;
      const prng = new Prng(`caches ${seed}`);
      const connect = (name: string) => SimCaller.connect(world, "client", { host: name, port: NODE_PORT });
      const clients = [
        await CachingClient.of(await connect("n1")),
        await CachingClient.of(await connect("n1"), "BCAST"),
        await CachingClient.of(await connect("n2")),
        await CachingClient.of(await connect("n2"), "BCAST", "PREFIX", "key:1"),
      ];
      const writers = [await connect("n1"), await connect("n2")];
      const one = () => KEYS[prng.below(KEYS.length)]!;
      let count = 0;
      const some = async () => {
        for (let i = 0; i < 10; i++) {
          clients[prng.below(clients.length)]!.read(one(), one());
          const writer = writers[prng.below(2)]!;
          const what = prng.below(10);
          if (what === 0) writer.send("DEL", one());
          else if (what === 1) writer.send("PEXPIRE", one(), String(prng.below(200)));
          else writer.send("SET", one(), `v${count++}`);
          await world.advance(prng.below(15));
        }
      };
      const someUntil = async (isSo: () => Promise<boolean>) => {
        do await some();
        while (!(await isSo()));
      };
      await some();
      fleet.add();
      await someUntil(() => settled(nodes));
      fleet.crash("n3", false);
      for (let i = 0; i < 10; i++) await some();
      await nodes.restart("n3");
      await someUntil(() => settled(nodes));
      fleet.leave("n3");
      await someUntil(() => settled(nodes));
      for (const client of clients) client.read(...KEYS);
      await some();
      await world.advance(30_000);
      const truth = await connect("n1");
      await truth.ask("HELLO", "3");
      const values = new Map<string, string>();
      for (const key of KEYS) values.set(key, await truth.ask("GET", key));
      let cached = 0;
      for (const [i, client] of clients.entries()) {
        client.take();
        expect(client.isClosed).to.equal(false);
        expect(client.pending, "replies to come").to.equal(0);
        for (const [key, value] of client.cache) {
          if (i === 3 && !key.startsWith("key:1")) continue;
          expect(value, `${key} of client ${i}`).to.equal(values.get(key));
          cached++;
        }
      }
      expect(cached, "something is cached").to.be.greaterThan(KEYS.length);
      await nodes.close();
    });
  }
});
