import { expect } from "chai";
import type { SimCaller } from "../support/sim-caller.js";
import { SimNode } from "../support/sim-node.js";

const MB = 1024 * 1024;

describe("the limits of a connection", () => {
  describe("timeout", () => {
    it("closes whoever is idle for longer, and nobody else", async () => {
      const node = await SimNode.alone({ timeoutSeconds: "60" });
      const [idle, busy] = [await node.connect(), await node.connect()];
      const startMs = node.world.nowMs;
      for (let i = 0; i < 20; i++) {
        expect(await busy.ask("PING")).to.equal("PONG");
        await node.world.advance(10_000);
      }
      expect(busy.isClosed).to.equal(false);
      expect(idle.closedAtMs! - startMs).to.be.within(60_000, 60_300);
    });

    it("may be set and unset while clients are there", async () => {
      const node = await SimNode.alone();
      const client = await node.connect();
      await node.world.advance(3_600_000);
      await client.ask("CONFIG", "SET", "timeout", 10);
      await node.world.advance(9000);
      await client.ask("CONFIG", "SET", "timeout", 0);
      await node.world.advance(3_600_000);
      expect(client.isClosed).to.equal(false);
      await node.call("CONFIG", "SET", "timeout", 10);
      await node.world.advance(300);
      expect(client.isClosed).to.equal(true);
    });

    it("does not close whoever waits for a reply, nor whoever takes one slowly", async () => {
      const node = await SimNode.alone({ timeoutSeconds: "5" });
      const [sleeper, slow] = [await node.connect(), await node.connect()];
      await node.call("SET", "big", "v".repeat(3 * MB));
      sleeper.send("DEBUG", "SLEEP", 30);
      slow.send("GET", "big");
      for (let i = 0; i < 8; i++) {
        // Reads what came, and then no more for a time.
        const before = slow.bytesReceived;
        slow.connection.resumeReading();
        await slow.until(() => slow.bytesReceived > before + 200_000);
        slow.connection.pauseReading();
        await node.world.advance(3000);
      }
      expect(slow.isClosed).to.equal(false);
      slow.connection.resumeReading();
      await slow.read(1);
      expect(await sleeper.read(1)).to.deep.equal(["OK"]);
      expect(node.world.nowMs).to.be.greaterThan(30_000);
    });
  });

  describe("client-query-buffer-limit", () => {
    it("closes a client with a longer unfinished command, without a reply, and logs it", async () => {
      const node = await SimNode.alone({ clientQueryBufferLimitBytes: "1mb" });
      const [client, other] = [await node.connect(), await node.connect()];
      client.sendBytes(`PING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${2 * MB}\r\n`);
      client.sendBytes(Buffer.alloc(MB - 100_000));
      await node.world.advance(100);
      expect(client.isClosed).to.equal(false);
      client.sendBytes(Buffer.alloc(200_000));
      expect(await client.readToEnd()).to.deep.equal(["PONG"]);
      expect(
        node.host.log.lines.some(({ message }) => message.includes("client-query-buffer-limit")),
      ).to.equal(true);
      expect(await other.ask("PING")).to.equal("PONG");
    });

    it("holds for a transaction too, what its commands cost beside their bytes included", async () => {
      const node = await SimNode.alone({ clientQueryBufferLimitBytes: "1mb" });
      const client = await node.connect();
      await client.ask("MULTI");
      for (let i = 0; i < 10_000; i++) client.sendBytes("PING\r\n");
      await client.readToEnd();
      expect(client.replies.length).to.be.lessThan(10_000);
      expect(await node.info("connected_clients")).to.equal("0");
    });
  });

  describe("client-output-buffer-limit", () => {
    /** Asks for about `bytes` and reads nothing of them. */
    async function unread(node: SimNode, bytes: number): Promise<SimCaller> {
      const client = await node.connect();
      await node.call("SETRANGE", `big:${bytes}`, bytes - 1, "v");
      client.connection.pauseReading();
      client.send("GET", `big:${bytes}`);
      return client;
    }

    it("closes at once past the hard limit, and serves others", async () => {
      const node = await SimNode.alone({ clientOutputBufferLimits: "normal 2mb 0 0" });
      const other = await node.connect();
      const client = await unread(node, 3 * MB);
      const modest = await unread(node, MB);
      await node.world.advance(1000);
      client.connection.resumeReading();
      await client.readToEnd();
      expect(client.replies).to.deep.equal([]);
      expect(await other.ask("PING")).to.equal("PONG");
      modest.connection.resumeReading();
      expect(await modest.read(1)).to.have.length(1);
    });

    it("closes past the soft limit only if that lasts", async () => {
      const node = await SimNode.alone({ clientOutputBufferLimits: "normal 0 1mb 10" });
      const [stuck, recovering] = [await unread(node, 3 * MB), await unread(node, 3 * MB)];
      await node.world.advance(8000);
      recovering.connection.resumeReading();
      await recovering.read(1);
      await node.world.advance(500);
      recovering.connection.pauseReading();
      recovering.send("GET", `big:${3 * MB}`);
      await node.world.advance(5000);
      expect(await node.info("connected_clients")).to.equal("1");
      stuck.connection.resumeReading();
      await stuck.readToEnd();
      expect(stuck.replies).to.deep.equal([]);
      recovering.connection.resumeReading();
      await recovering.read(1);
    });

    it("that is lowered holds for what waits already", async () => {
      const node = await SimNode.alone();
      const client = await unread(node, 3 * MB);
      await node.world.advance(1000);
      expect(await node.info("connected_clients")).to.equal("1");
      await node.call("CONFIG", "SET", "client-output-buffer-limit", "normal 2mb 0 0");
      await node.world.advance(200);
      expect(await node.info("connected_clients")).to.equal("0");
      client.close();
    });
  });

  describe("tcp-keepalive", () => {
    it("is told to each connection as it comes, and to all when it changes", async () => {
      const node = await SimNode.alone({ tcpKeepaliveSeconds: "300" });
      const { network } = node.host;
      const told: number[] = [];
      const before = await node.connect();
      const prototype = Object.getPrototypeOf(before.connection) as {
        setKeepAlive: (seconds: number) => void;
      };
      const { setKeepAlive } = prototype;
      prototype.setKeepAlive = (seconds) => told.push(seconds);
      try {
        await node.connect();
        await node.call("CONFIG", "SET", "tcp-keepalive", 60);
        await node.connect();
        await node.call("CONFIG", "SET", "tcp-keepalive", 0);
        await node.connect();
      } finally {
        prototype.setKeepAlive = setKeepAlive;
      }
      expect(network).to.equal(node.host.network);
      expect(told).to.deep.equal([300, 60, 60, 60, 0, 0, 0]);
    });
  });
});
