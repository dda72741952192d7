import { expect } from "chai";
import { ProcessCluster, type ProcessNode } from "../../support/process-cluster.js";
import { runProgram } from "../../support/program.js";
import { needsProgram } from "../../support/requirements.js";
import { QuorumLoad } from "./quorum-load.js";

const COPIES = 3;
/** Writes that are acknowledged before something happens, and again while it lasts. */
const WRITES = 300;
/** A run takes a second or so, and some more while nodes are away; one that takes longer hangs. */
const NOISE_MS_MAX = 30_000;
const NOISE_PAUSE_MS = 250;
/** What redis-benchmark may be answered while nodes come and go. */
const PASSING = /^Error from server: (INDOUBT|TRYAGAIN|CLUSTERDOWN) /m;

for (const { count, kills, isRolled } of [
  { count: 3, kills: [0, 1, 2], isRolled: true },
  { count: 5, kills: [0], isRolled: false },
]) {
  describe(`${count} processes that keep three copies lose nothing that a majority acknowledged`, function () {
    // For a machine that others load; alone it takes a tenth of that.
    this.timeout(120_000);
    let cluster: ProcessCluster;
    let load: QuorumLoad;
    let noise: Noise;

    before(async function () {
      await needsProgram(this, "redis-benchmark");
      cluster = await ProcessCluster.start(COPIES, { "replication-factor": COPIES });
      while (cluster.nodes.length < count) {
        await cluster.add();
        await cluster.whenShared();
      }
      await cluster.whenCopied();
      load = new QuorumLoad(cluster);
      noise = new Noise(cluster);
      await load.acknowledged(WRITES);
    });
    after(async () => {
      await cluster?.close();
      await noise?.end().catch(() => {});
    });

    /** Writes go on without a node, all is there without it, and again when it is back. */
    async function without(node: ProcessNode, back: () => Promise<void>): Promise<void> {
      await load.acknowledged(WRITES);
      await load.verify(cluster.living);
      await back();
      await cluster.whenCopied();
      await load.verify(cluster.nodes);
      expect(cluster.living).to.include(node);
    }

    for (const i of kills) {
      it(`when node ${i + 1} is killed and started again`, async () => {
        const victim = cluster.nodes[i]!;
        await cluster.kill(victim);
        await without(victim, () => cluster.restart(victim));
      });
    }

    it("when a node stands still for a while", async () => {
      const victim = cluster.nodes[1]!;
      cluster.freeze(victim);
      await without(victim, async () => cluster.thaw(victim));
    });

    if (isRolled) {
      it("when all nodes are stopped and started again, one after the other", async () => {
        for (const node of cluster.nodes) {
          await cluster.kill(node, "SIGTERM");
          await cluster.restart(node);
          await cluster.whenCopied();
        }
        await load.acknowledged(WRITES);
        await load.verify(cluster.nodes);
      });
    }

    it("when a node is replaced by a new one, and then another one is killed", async () => {
      const [, gone, next] = cluster.nodes;
      await cluster.kill(gone!);
      await load.acknowledged(WRITES);
      await cluster.add();
      await cluster.forget(gone!);
      await cluster.whenCopied();
      await load.verify(cluster.nodes);
      await cluster.kill(next!);
      await without(next!, () => cluster.restart(next!));
    });

    it("and nothing is there twice in the end, nor anything that was refused", async () => {
      await load.end();
      await load.verify(cluster.nodes);
      expect(await noise.end()).to.be.greaterThan(0);
    });
  });
}

/** redis-benchmark, again and again, each time through some node that is there. */
class Noise {
  readonly #cluster: ProcessCluster;
  readonly #running: Promise<number>;
  #isEnding = false;

  constructor(cluster: ProcessCluster) {
    this.#cluster = cluster;
    this.#running = this.#run();
    this.#running.catch(() => {});
  }

  /** Resolves to how many runs reached their end. Rejects if one did not whose node lived. */
  end(): Promise<number> {
    this.#isEnding = true;
    return this.#running;
  }

  async #run(): Promise<number> {
    let completed = 0;
    for (let turn = 0; !this.#isEnding; turn++) {
      const { living } = this.#cluster;
      const node = living[turn % living.length]!;
      const { pid } = node.server;
      const args = [
        ...["-h", "127.0.0.1", "-p", String(node.port), "-t", "set,get,incr,mset,hset", "-q"],
        ...["-n", "300", "-c", "5", "-P", "4", "-r", "1000"],
      ];
      const run = await runProgram("redis-benchmark", args, { limitMs: NOISE_MS_MAX });
      const isUnhurt = node.isUp && node.server.pid === pid;
      if (run.code === 0) completed++;
      // It ends at the first error: during a takeover there may be some.
      else if (isUnhurt && !PASSING.test(run.errors))
        throw new Error(`redis-benchmark at ${node.name}: ${run.output} ${run.errors}`);
      // It is one user of many.
      await new Promise((resolve) => setTimeout(resolve, NOISE_PAUSE_MS));
    }
    return completed;
  }
}
