import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import type { ChildServer } from "../support/child-server.js";
import { type Family, parseExposition } from "../support/exposition.js";
import { ScratchDirectory } from "../support/kept-node.js";
import { spawnTorus } from "../support/torus-node.js";
import { WireClient } from "../support/wire-client.js";

describe("the HTTP port of torus server", () => {
  const WRITES = 100;
  let scratch: ScratchDirectory;
  let server: ChildServer;
  let client: WireClient;
  let httpPort: number;

  before(async () => {
    scratch = await ScratchDirectory.make();
    server = spawnTorus({ port: 0, appendonly: "yes", appendfsync: "always", dir: scratch.file("data") });
    const [, port, http] = await server.printed(
      /ready to accept connections.*\bport=(\d+).*\bhttpPort=(\d+)/,
    );
    httpPort = Number(http);
    client = await WireClient.connect({ port: Number(port) });
  });
  after(async () => {
    await server?.kill();
    await scratch?.remove();
  });

  const get = (path: string) => fetch(`http://127.0.0.1:${httpPort}${path}`);
  const scrape = async () => parseExposition(await (await get("/metrics")).text());

  function figure(families: ReadonlyMap<string, Family>, name: string, label = ""): number | undefined {
    const samples = families.get(name.replace(/_count$/, ""))?.samples ?? [];
    return samples.find((sample) => sample.name === name && Object.values(sample.labels).join() === label)
      ?.value;
  }

  it("tells that the node is well and ready, and what it did", async () => {
    for (let i = 0; i < WRITES; i++) await client.call("SET", `key${i}`, "value");
    expect((await get("/healthz")).status).to.equal(200);
    expect(await (await get("/readyz")).json()).to.deep.equal({ ready: true, missing: [], warnings: [] });
    const families = await scrape();
    expect(figure(families, "torus_command_calls_total", "set")).to.equal(WRITES);
    expect(figure(families, "torus_keys", "0")).to.equal(WRITES);
    expect(figure(families, "torus_log_sync_duration_seconds_count")).to.be.at.least(WRITES);
    expect(figure(families, "torus_slots_owned")).to.equal(16_384);
    expect(figure(families, "torus_process_resident_memory_bytes")).to.be.greaterThan(1_000_000);
    expect(figure(families, "torus_process_cpu_seconds_total", "user")).to.be.greaterThan(0);
    const position = figure(families, "torus_log_position_bytes");
    expect(position).to.be.greaterThan(WRITES);
    expect(figure(families, "torus_log_durable_position_bytes")).to.equal(position);
  });

  it("closes on noise, and serves who asks properly, clients of the database first of all", async () => {
    const noise = Array.from({ length: 50 }, async () => {
      const socket = connect({ host: "127.0.0.1", port: httpPort });
      socket.on("error", () => {});
      // No byte of it may be read as the start of a request.
      socket.write(Buffer.concat([Buffer.from([0]), randomBytes(10_000)]));
      socket.resume();
      await once(socket, "close");
    });
    await Promise.all(noise);
    expect(await client.ask("GET", "key1")).to.equal('"value"');
    expect((await get("/healthz")).status).to.equal(200);
    expect((await get("/nowhere")).status).to.equal(404);
  });

  it("ends with the node", async () => {
    await get("/healthz");
    const { code, output } = await server.kill("SIGTERM");
    expect(code, output).to.equal(0);
    const refused = await get("/healthz").then(
      () => "answered",
      () => "refused",
    );
    expect(refused).to.equal("refused");
  });
});
