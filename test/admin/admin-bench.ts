import { type AdminApp, adminApp } from "#torus/admin/app.js";
import type { AdminSources, Stage } from "#torus/admin/sources.js";
import { DurationHistogram } from "#torus/base/duration-histogram.js";
import type { ConfigValues } from "#torus/config/config.js";
import { type Family, parseExposition } from "../support/exposition.js";
import { ANNA, BERT, CARL, FakeCluster, linkOf, memberOf } from "../support/fake-cluster.js";
import { SimServer } from "../support/sim-server.js";

/** The pages over a server of which the log and the cluster are in the hands of the test. */
export class AdminBench {
  stage: Stage = "serving";
  readonly loopLag = new DurationHistogram();
  readonly app: AdminApp;

  private constructor(readonly node: SimServer) {
    const { server, keyspace, config } = node;
    const sources: AdminSources = {
      node: server.state,
      keyspace,
      config,
      stage: () => this.stage,
      loopLag: this.loopLag,
    };
    this.app = adminApp(sources, node.host.log);
  }

  static async start(config: ConfigValues = {}): Promise<AdminBench> {
    return new AdminBench((await SimServer.start(config)).replyAtOnce());
  }

  /** From now on the node, Anna, is one of three. Carl is dead; each has about a third of the slots, and nobody the last. */
  joinCluster(): FakeCluster {
    const cluster = new FakeCluster(ANNA, [
      memberOf(ANNA, { name: "anna" }),
      memberOf(BERT),
      memberOf(CARL, {}, { status: "dead" }),
      memberOf("d".repeat(32), { lifecycle: "left" }),
    ]);
    cluster.assign(0, 4999, ANNA);
    cluster.assign(5000, 9999, BERT);
    cluster.assign(10_000, 16_382, CARL);
    cluster.linkViews = [linkOf(BERT), linkOf(CARL, { isUp: false, inFlight: 3, bytesInFlight: 99 })];
    this.node.server.state.cluster = cluster;
    return cluster;
  }

  get(path: string, init?: RequestInit): Promise<Response> {
    return Promise.resolve(this.app.answer(new Request(`http://node:8379${path}`, init)));
  }

  /** Status and JSON body. */
  async json(path: string, init?: RequestInit): Promise<[status: number, body: unknown]> {
    const response = await this.get(path, init);
    return [response.status, await response.json()];
  }

  async metrics(): Promise<Map<string, Family>> {
    return parseExposition(await (await this.get("/metrics")).text());
  }

  /** The value of a metric, of one set of labels if it has some; undefined if there is none. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
    const wanted = JSON.stringify(labels);
    const samples = (await this.metrics()).get(name)?.samples ?? [];
    return samples.find((sample) => JSON.stringify(sample.labels) === wanted)?.value;
  }

  async call(...args: readonly string[]): Promise<unknown> {
    return this.node.world.complete(this.node.local.call(...args).catch((error: Error) => error.message));
  }
}
