import { ProcessCluster } from "../../support/process-cluster.js";
import { cachingSuite } from "../caching-suite.js";

describe("client-side caching at a cluster of three processes", function () {
  this.timeout(60_000);
  let cluster: ProcessCluster;

  before(async () => {
    cluster = await ProcessCluster.start(3);
  });
  after(() => cluster?.close());

  cachingSuite(() => cluster.nodes.map(({ port }) => port));
});
