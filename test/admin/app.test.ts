import { expect } from "chai";
import { AdminBench } from "./admin-bench.js";

describe("the pages of the HTTP port", () => {
  let bench: AdminBench;
  beforeEach(async () => {
    bench = await AdminBench.start();
  });

  const PATHS = ["/", "/healthz", "/readyz", "/metrics"];

  it("are listed on the first one", async () => {
    const response = await bench.get("/");
    expect(response.status).to.equal(200);
    expect(response.headers.get("content-type")).to.match(/^text\/html/);
    const links = [...(await response.text()).matchAll(/href="([^"]+)"/g)].map(([, path]) => path);
    expect(links).to.deep.equal(PATHS);
  });

  for (const path of PATHS) {
    it(`${path} answers GET and HEAD, and nothing else`, async () => {
      const [got, head] = [await bench.get(path), await bench.get(path, { method: "HEAD" })];
      expect([got.status, head.status]).to.deep.equal([200, 200]);
      expect(await head.text()).to.equal("");
      expect(got.headers.get("cache-control")).to.equal("no-store");
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
        const refused = await bench.get(path, { method });
        expect(refused.status, method).to.equal(405);
        expect(refused.headers.get("allow")).to.equal("GET, HEAD");
        expect(await refused.json()).to.include({ error: "method not allowed" });
      }
    });
  }

  it("that do not exist answer 404 with those that do", async () => {
    for (const path of ["/nothing", "/healthzz", "/metrics/x", "/%00", "/%2e%2e/etc"]) {
      const [status, body] = await bench.json(path);
      expect([path, status]).to.deep.equal([path, 404]);
      expect(body).to.deep.equal({ error: "not found", paths: PATHS });
    }
  });

  it("that fail say so in the log, and to who asked no more than that", async () => {
    Object.defineProperty(bench.node.server.state.persistence, "refusal", {
      get() {
        throw new Error("a secret of ours");
      },
    });
    const [status, body] = await bench.json("/readyz");
    expect([status, body]).to.deep.equal([500, { error: "internal error, see the log" }]);
    const { level, values } = bench.node.host.log.lines.at(-1)!;
    expect(level).to.equal("error");
    expect(values["path"]).to.equal("/readyz");
    expect(values["error"]).to.contain("a secret of ours");
  });

  describe("/healthz", () => {
    it("answers 200 whatever the node is at", async () => {
      await bench.node.world.advance(12_345);
      for (const stage of ["starting", "serving", "closing"] as const) {
        bench.stage = stage;
        const [status, body] = await bench.json("/healthz");
        expect(status).to.equal(200);
        expect(body).to.include({ status: "ok", stage, uptimeSeconds: 12 });
      }
    });
  });

  describe("/readyz", () => {
    const unready = (...missing: string[]) => [503, { ready: false, missing, warnings: [] }];

    it("answers 200 if the node lacks nothing", async () => {
      expect(await bench.json("/readyz")).to.deep.equal([200, { ready: true, missing: [], warnings: [] }]);
      bench.joinCluster();
      expect(await bench.json("/readyz")).to.deep.equal([200, { ready: true, missing: [], warnings: [] }]);
      expect(await bench.metric("torus_ready")).to.equal(1);
    });

    it("answers 503 while what was kept is being read, and how far that is", async () => {
      bench.stage = "starting";
      bench.node.persistence.loading = { startedWallMs: 0, totalBytes: 200, loadedBytes: 50 };
      expect(await bench.json("/readyz")).to.deep.equal(
        unready("what was kept is being read: 50 of 200 bytes"),
      );
      expect(await bench.metric("torus_ready")).to.equal(0);
    });

    it("answers 503 until the node takes part in its cluster, of which nothing is asked before", async () => {
      bench.stage = "starting";
      const cluster = bench.joinCluster();
      cluster.lacking = ["something of the cluster"];
      expect(await bench.json("/readyz")).to.deep.equal(unready("the node is starting"));
      expect((await bench.metrics()).get("torus_slots")?.samples).to.deep.equal([]);
    });

    it("answers 503 with all that the cluster lacks, and that writes are refused", async () => {
      bench.joinCluster().lacking = ["no seed has answered yet", "and more"];
      bench.node.persistence.change({ refusal: "MISCONF the disk" });
      expect(await bench.json("/readyz")).to.deep.equal(
        unready("writes are refused: MISCONF the disk", "no seed has answered yet", "and more"),
      );
    });

    it("answers 200 with what the cluster warns of, for clients need not go elsewhere", async () => {
      bench.joinCluster().warned = ["carl is not alive: 2 of 3 copies are left"];
      expect(await bench.json("/readyz")).to.deep.equal([
        200,
        { ready: true, missing: [], warnings: ["carl is not alive: 2 of 3 copies are left"] },
      ]);
    });

    it("answers 503 once the node is closing", async () => {
      bench.stage = "closing";
      expect(await bench.json("/readyz")).to.deep.equal(unready("the node is closing"));
    });
  });
});
