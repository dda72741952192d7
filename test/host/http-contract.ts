import { expect } from "chai";
import type { Http, HttpHandler } from "#torus/host/http.js";

/** One world's HTTP, and how a client of it asks. */
export interface HttpBench {
  readonly http: Http;
  /** Resolves with what the promise does, time going on meanwhile. */
  settle<Value>(promise: Promise<Value>): Promise<Value>;
  request(port: number, path: string, init?: RequestInit): Promise<Response>;
}

const ANY_PORT = { host: "127.0.0.1", port: 0 };

/** What the code above relies on in every world. */
export function itKeepsTheHttpContract(start: () => HttpBench): void {
  let bench: HttpBench;
  beforeEach(() => {
    bench = start();
  });

  const listen = (handler: HttpHandler) => bench.settle(bench.http.listen(ANY_PORT, handler));

  it("tells the port that was free, and hands over what is asked there", async () => {
    const listener = await listen(
      async (request) => new Response(`${request.method} ${new URL(request.url).pathname}`, { status: 201 }),
    );
    const { port } = listener.address;
    expect(port).to.be.greaterThan(0);
    const response = await bench.request(port, "/some/path?a=b", { method: "POST" });
    expect(response.status).to.equal(201);
    expect(await response.text()).to.equal("POST /some/path");
    await bench.settle(listener.close());
  });

  it("refuses a port that is taken, by its code", async () => {
    const first = await listen(() => new Response());
    const { host, port } = first.address;
    const second = bench.settle(bench.http.listen({ host, port }, () => new Response()));
    const error: unknown = await second.catch((reason) => reason);
    expect(error).to.include({ name: "HostError", code: "EADDRINUSE" });
    await bench.settle(first.close());
    const third = await bench.settle(bench.http.listen({ host, port }, () => new Response("free again")));
    expect(await (await bench.request(port, "/")).text()).to.equal("free again");
    await bench.settle(third.close());
  });

  it("answers nobody once it is closed", async () => {
    const listener = await listen(() => new Response());
    await bench.settle(listener.close());
    const refused = bench.request(listener.address.port, "/").then(
      () => "answered",
      () => "refused",
    );
    expect(await refused).to.equal("refused");
  });

  for (const [how, handler] of [
    ["throws", () => assertNever()],
    ["rejects", async () => assertNever()],
  ] as const) {
    it(`answers 500 for a handler that ${how}, and goes on`, async () => {
      const listener = await listen((request) =>
        request.url.endsWith("/bad") ? handler() : new Response("well"),
      );
      const { port } = listener.address;
      expect((await bench.request(port, "/bad")).status).to.equal(500);
      expect(await (await bench.request(port, "/good")).text()).to.equal("well");
      await bench.settle(listener.close());
    });
  }
}

function assertNever(): never {
  throw new Error("a fault of the handler");
}
