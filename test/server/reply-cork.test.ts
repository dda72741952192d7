import { expect } from "chai";
import type { Connection } from "#torus/host/network.js";
import type { Client } from "#torus/server/client.js";
import { encodeCommand } from "../support/request.js";
import { keyAt, SimCluster } from "../support/sim-cluster.js";

/** The longest that a reply waits for those that were asked for together with it. */
const CORKED_MS_MAX = 8;

/** A client's connection that keeps each write by itself. */
class WriteRecorder implements Connection {
  readonly remote = "client:1";
  readonly local = "a:6379";
  readonly isLoopback = true;
  readonly isUnix = false;
  readonly pendingBytes = 0;
  readonly writes: string[] = [];
  isClosed = false;

  write(bytes: Uint8Array): boolean {
    this.writes.push(Buffer.from(bytes).toString("latin1"));
    return true;
  }

  close(): void {
    this.isClosed = true;
  }

  destroy(): void {
    this.isClosed = true;
  }

  pauseReading(): void {}
  resumeReading(): void {}
  setKeepAlive(): void {}
}

describe("Replies to what a client sent at once", () => {
  let cluster: SimCluster;
  let connection: WriteRecorder;
  let client: Client;
  let keys: readonly string[];

  beforeEach(async () => {
    cluster = await SimCluster.start();
    connection = new WriteRecorder();
    client = cluster.nodes[0]!.server.server.accept(connection);
    keys = [0, 1, 2].map((node) => keyAt(cluster, node));
  });

  const advance = (ms: number) => cluster.world.advance(ms);
  const pause = (node: number, ms: number) =>
    cluster.nodes[node]!.server.local.call("CLIENT", "PAUSE", String(ms));

  /** Sends a command with the key of each of these nodes, in one piece. */
  function send(name: string, nodes: readonly number[]): void {
    const bytes = Buffer.concat(nodes.map((node) => encodeCommand([name, keys[node]!])));
    client.received(bytes, bytes.length);
  }

  it("leave with one write, whichever nodes execute it", async () => {
    for (let round = 1; round <= 5; round++) {
      send("INCR", [0, 1, 0, 2, 1, 0]);
      await advance(20);
      const counts = [3 * round - 2, 2 * round - 1, 3 * round - 1, round, 2 * round, 3 * round];
      expect(connection.writes).to.deep.equal([counts.map((count) => `:${count}\r\n`).join("")]);
      connection.writes.length = 0;
    }
  });

  it("leave when they have waited a few milliseconds for others that take longer", async () => {
    await pause(1, 1000);
    send("INCR", [0, 2, 0, 1, 0]);
    expect(connection.writes).to.deep.equal([]);
    await advance(CORKED_MS_MAX + 1);
    expect(connection.writes.join("")).to.equal(":1\r\n:1\r\n:2\r\n");
    await advance(1000);
    expect(connection.writes.join("")).to.equal(":1\r\n:1\r\n:2\r\n:1\r\n:3\r\n");
  });

  it("do not wait for what was sent later", async () => {
    await pause(1, 1000);
    send("INCR", [0]);
    expect(connection.writes).to.deep.equal([":1\r\n"]);
    send("INCR", [2, 0]);
    send("INCR", [1, 0]);
    for (let ms = 0; connection.writes.length < 2; ms++) {
      expect(ms).to.be.below(CORKED_MS_MAX / 2);
      await advance(1);
    }
    expect(connection.writes).to.deep.equal([":1\r\n", ":1\r\n:2\r\n"]);
  });

  it("leave before the connection closes", async () => {
    await pause(1, 1000);
    send("INCR", [0, 1]);
    const quit = encodeCommand(["QUIT"]);
    client.received(quit, quit.length);
    await advance(1100);
    expect(connection.writes.join("")).to.equal(":1\r\n:1\r\n+OK\r\n");
    expect(connection.isClosed).to.equal(true);
  });
});
