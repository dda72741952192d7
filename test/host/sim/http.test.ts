import { expect } from "chai";
import type { World } from "#torus/host/sim/world.js";
import { worldOf } from "../../support/world.js";
import { itKeepsTheHttpContract } from "../http-contract.js";

describe("the simulated HTTP", () => {
  let world: World;
  beforeEach(() => {
    world = worldOf(1);
  });

  itKeepsTheHttpContract(() => ({
    http: world.host("a").http,
    settle: (promise) => world.complete(promise),
    request: (port, path, init) => world.host("a").http.request(port, path, init),
  }));

  it("takes its ports from the network of the host, where streams find nobody who speaks their language", async () => {
    const { http } = world.host("a");
    await world.complete(http.listen({ host: "0.0.0.0", port: 8379 }, () => new Response()));
    const client = await world.connect("b", { host: "a", port: 8379 });
    client.send("GET / HTTP/1.1\r\n\r\n");
    expect(await client.readToEnd()).to.equal("");
  });

  it("ends with the process", async () => {
    const { http } = world.host("a");
    await world.complete(http.listen({ host: "0.0.0.0", port: 8379 }, () => new Response()));
    world.crash("a");
    const codeOf = (promise: Promise<unknown>) => promise.catch(({ code }) => code);
    expect(await codeOf(http.request(8379, "/"))).to.equal("ECONNREFUSED");
    expect(await codeOf(world.host("a").http.request(8379, "/"))).to.equal("ECONNREFUSED");
  });
});
