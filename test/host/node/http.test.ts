import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect } from "chai";
import { BODY_BYTES_MAX, type HttpListener, REQUESTS_PER_CONNECTION_MAX } from "#torus/host/http.js";
import { nodeHttp } from "#torus/host/node/http.js";
import { itKeepsTheHttpContract } from "../http-contract.js";

describe("the HTTP of Node", () => {
  itKeepsTheHttpContract(() => ({
    http: nodeHttp,
    settle: (promise) => promise,
    request: (port, path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
  }));

  describe("with whatever comes", () => {
    let listener: HttpListener;
    let asked = 0;
    beforeEach(async () => {
      asked = 0;
      listener = await nodeHttp.listen({ host: "127.0.0.1", port: 0 }, () => {
        asked++;
        return new Response("well");
      });
    });
    afterEach(() => listener.close());

    const open = () => connect(listener.address);

    /** All that comes back for some bytes, until the other side closes. */
    async function answerTo(...parts: readonly (string | Buffer)[]): Promise<string> {
      const socket = open();
      const answer = received(socket);
      // What is cut off while we still write is no failure of the test.
      socket.on("error", () => {});
      for (const part of parts) socket.write(part);
      return answer;
    }

    const statusOf = (answer: string) => Number(answer.slice("HTTP/1.1 ".length).split(" ")[0]);

    it("closes on bytes that are no request", async () => {
      const noise = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 167 + 13) & 0xff));
      expect(statusOf(await answerTo(noise))).to.equal(400);
      expect(statusOf(await answerTo("*1\r\n$4\r\nPING\r\n"))).to.equal(400);
      expect(asked).to.equal(0);
    });

    it("refuses a head that is too long", async () => {
      const head = `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${"a".repeat(64 * 1024)}\r\n\r\n`;
      expect(statusOf(await answerTo(head))).to.equal(431);
      expect(asked).to.equal(0);
    });

    it("refuses a body that is too long, or of unknown length, without reading it", async () => {
      const long = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY_BYTES_MAX + 1}\r\n\r\n`;
      expect(statusOf(await answerTo(long, "some of it"))).to.equal(413);
      const endless = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
      expect(statusOf(await answerTo(endless))).to.equal(413);
      expect(asked).to.equal(0);
    });

    it("refuses a host that is none", async () => {
      const request = "GET / HTTP/1.1\r\nHost: a b/c\r\nConnection: close\r\n\r\n";
      expect(statusOf(await answerTo(request))).to.equal(400);
    });

    it("serves so many requests of one connection, and refuses those that follow", async () => {
      const refused = 50;
      const socket = open();
      const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
      socket.write(request.repeat(REQUESTS_PER_CONNECTION_MAX + refused));
      const statuses: string[] = [];
      for await (const part of socket.setEncoding("latin1")) {
        statuses.push(...[...String(part).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status!));
        if (statuses.length === REQUESTS_PER_CONNECTION_MAX + refused) break;
      }
      const ok = statuses.filter((status) => status === "200").length;
      expect([ok, statuses.length - ok]).to.deep.equal([REQUESTS_PER_CONNECTION_MAX, refused]);
      expect(statuses.at(-1)).to.equal("503");
      expect(asked).to.equal(REQUESTS_PER_CONNECTION_MAX);
    });

    it("still serves others after all that, and lets no open connection hold up its end", async () => {
      const idle = open();
      const half = open();
      await Promise.all([once(idle, "connect"), once(half, "connect")]);
      half.write("GET / HTTP/1.1\r\nHost");
      const url = `http://127.0.0.1:${listener.address.port}/`;
      expect(await (await fetch(url)).text()).to.equal("well");
      const ends = [received(idle), received(half)];
      await listener.close();
      await Promise.all(ends);
    });
  });
});

async function received(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  socket.on("data", (part) => parts.push(part));
  await once(socket, "close");
  return Buffer.concat(parts).toString("latin1");
}
