import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { dirname } from "node:path";
import { expect } from "chai";
import type { MemberReport } from "#torus/cli/cluster-reports.js";
import type { Share } from "#torus/cli/ring.js";
import { ChildServer } from "../support/child-server.js";
import { ScratchDirectory, torus } from "../support/kept-node.js";
import type { Run } from "../support/program.js";
import { startRedis } from "../support/redis-server.js";
import { needsProgram } from "../support/requirements.js";
import { TORUS_PROGRAM } from "../support/torus-node.js";
import { WireClient } from "../support/wire-client.js";

/** `torus demo`, and the subcommands for operators on the nodes that it runs. */

const READY = /Ctrl-C ends all/;

describe("torus demo of one node", () => {
  let demo: ChildServer;
  let address: string;
  let directory: string;

  before(async () => {
    demo = spawnDemo("--nodes", "1");
    await demo.printed(READY);
    address = /status --node (\S+)/.exec(demo.output)![1]!;
    directory = /data and logs are in (.*)\n/.exec(demo.output)![1]!;
  });
  after(() => demo?.kill("SIGTERM"));

  it("serves at the address that it shows", async () => {
    const client = await WireClient.connect({ port: portOf(address) });
    expect(await client.ask("SET", "city", "Roma")).to.equal("OK");
    expect(await client.ask("GET", "city")).to.equal('"Roma"');
    await client.close();
  });

  it("is healthy to torus status, in words and to programs", async () => {
    const words = await torus("status", "--node", address);
    expect([words.code, words.errors]).to.deep.equal([0, ""]);
    expect(words.output).to.match(
      /^status {3}healthy\nnode {5}n1 \([0-9a-f]{32}\), active, up (?:\d+[dhms] ?){1,2}, version/,
    );
    expect(words.output).to.contain("slots    16384 of 16384 here, all assigned");
    const { healthy, problems, name, slots, membersAlive, change } = parsed(
      await torus("status", "--node", address, "--json"),
    );
    expect({ healthy, problems, name, slots, membersAlive, change }).to.deep.equal({
      healthy: true,
      problems: [],
      name: "n1",
      slots: 16_384,
      membersAlive: 1,
      change: null,
    });
  });

  it("is all there is to torus members and torus ring", async () => {
    const [member] = parsed(await torus("members", "--node", address, "--json"));
    expect([member.name, member.self, member.status, member.port, member.link]).to.deep.equal([
      "n1",
      true,
      "alive",
      portOf(address),
      "self",
    ]);
    expect(parsed(await torus("ring", "--node", address, "--json"))).to.deep.equal({
      nodes: [{ id: member.id, name: "n1", slots: 16_384, ranges: [[0, 16_383]] }],
      unserved: 0,
    });
    expect((await torus("members", "--node", address)).output).to.contain(`${address} `);
    expect((await torus("ring", "--slots", "--node", address)).output).to.match(
      /n1 {4}100\.0 % {2}#{30} [\s\S]*\n {4}0 {2}16383 {2}n1\n$/,
    );
  });

  it("forgets nobody without a yes, nobody unknown, and not itself", async () => {
    expectRefusal(await torus("forget", "n1", "--node", address), "all slots have 1 of 3 copies");
    expectRefusal(
      await torus("forget", "n7", "--yes", "--node", address),
      'no member has the id or name "n7"',
    );
    expectRefusal(await torus("forget", "n1", "--yes", "--node", address), "can't forget myself");
  });

  it("stays if it is asked to leave, for nobody could take its slots", async () => {
    const { code, errors } = await torus("leave", "--node", address);
    expect(code).to.equal(1);
    expect(errors).to.match(/^torus: ERR .*\n$/);
    expect((await torus("status", "--node", address)).code).to.equal(0);
  });

  it("ends when it is told to, and leaves nothing behind", async () => {
    expect(await readdir(directory)).to.deep.equal(["n1", "n1.log"]);
    const { code, signal } = await demo.kill("SIGINT");
    expect([code, signal]).to.deep.equal([0, null]);
    expect(await readdir(dirname(directory))).to.not.include(directory.slice(dirname(directory).length + 1));
    const { code: status, errors } = await torus("status", "--node", address);
    expect(status).to.equal(2);
    expect(errors).to.match(/^torus: cannot connect to .* ECONNREFUSED .*\n$/);
  });
});

describe("torus demo of three nodes", () => {
  const KEYS = 300;
  let demo: ChildServer;
  let addresses: readonly string[];

  before(async () => {
    demo = spawnDemo();
    await demo.printed(READY);
    addresses = [...demo.output.matchAll(/^n\d {4}(127\.0\.0\.1:\d+)/gm)].map(([, address]) => address!);
  });
  after(() => demo?.kill("SIGTERM"));

  it("shows three addresses, of which each serves all keys", async () => {
    expect(addresses).to.have.length(3);
    const clients = await Promise.all(
      addresses.map((address) => WireClient.connect({ port: portOf(address) })),
    );
    for (let key = 0; key < KEYS; key++) {
      expect(await clients[key % 3]!.ask("SET", `key:${key}`, key)).to.equal("OK");
      expect(await clients[(key + 1) % 3]!.ask("GET", `key:${key}`)).to.equal(`"${key}"`);
    }
    await Promise.all(clients.map((client) => client.close()));
  });

  it("is healthy at each of them, and each knows the others", async () => {
    for (const [at, address] of addresses.entries()) {
      const status = parsed(await torus("status", "--node", address, "--json"));
      expect([status.healthy, status.name, status.membersAlive, status.linksUp]).to.deep.equal([
        true,
        `n${at + 1}`,
        3,
        2,
      ]);
      const members = parsed(await torus("members", "--node", address, "--json")) as MemberReport[];
      expect(members.map(({ name, status, link }) => [name, status, link])).to.deep.equal(
        ["n1", "n2", "n3"].map((name, i) => [name, "alive", i === at ? "self" : "up"]),
      );
      expect(members.map(({ host, port }) => `${host}:${port}`)).to.deep.equal(addresses);
    }
  });

  it("shares the slots so that none has more than 5 percent above its part", async () => {
    const { nodes, unserved } = parsed(await torus("ring", "--node", addresses[2]!, "--json"));
    expect(unserved).to.equal(0);
    expect(nodes).to.have.length(3);
    for (const { slots } of nodes) expect(slots).to.be.within(4915, 5735);
  });

  it("goes on with all keys after one of them has left", async () => {
    const left = await torus("leave", "--node", addresses[1]!);
    expect([left.code, left.errors]).to.deep.equal([0, ""]);
    expect(left.output).to.match(/n2 has left the cluster\n$/);
    await demo.printed(/n2 has ended, as it was asked to/);
    const client = await WireClient.connect({ port: portOf(addresses[0]!) });
    for (let key = 0; key < KEYS; key++) expect(await client.ask("GET", `key:${key}`)).to.equal(`"${key}"`);
    await client.close();
    const { healthy, problems, membersAlive } = parsed(
      await torus("status", "--node", addresses[2]!, "--json"),
    );
    expect({ healthy, problems, membersAlive }).to.deep.equal({
      healthy: true,
      problems: [],
      membersAlive: 2,
    });
    const { nodes } = parsed(await torus("ring", "--node", addresses[0]!, "--json"));
    expect(nodes.map(({ name }: Share) => name).sort()).to.deep.equal(["n1", "n3"]);
  });

  it("ends all nodes with one signal", async () => {
    const { code, signal } = await demo.kill("SIGINT");
    expect([code, signal]).to.deep.equal([0, null]);
    for (const address of addresses) expect((await torus("status", "--node", address)).code).to.equal(2);
  });
});

describe("torus demo in a directory", () => {
  let scratch: ScratchDirectory;
  before(async () => {
    scratch = await ScratchDirectory.make();
  });
  after(() => scratch?.remove());

  it("keeps what it was told, and finds it again", async () => {
    const directory = scratch.file("kept");
    const first = spawnDemo("--nodes", "1", "--dir", directory);
    await first.printed(READY);
    const writer = await WireClient.connect({ port: portOf(first.output) });
    await writer.call("SET", "city", "Roma");
    await writer.close();
    expect((await first.kill("SIGTERM")).code).to.equal(0);
    expect(await readFile(`${directory}/n1.log`, "utf8")).to.contain("ready to accept connections");

    const second = spawnDemo("--nodes", "1", "--dir", directory);
    await second.printed(READY);
    const reader = await WireClient.connect({ port: portOf(second.output) });
    expect(await reader.ask("GET", "city")).to.equal('"Roma"');
    await reader.close();

    const third = await spawnDemo("--nodes", "1", "--dir", directory).ended();
    expect(third.code).to.equal(1);
    expect(third.output).to.match(/torus: n1 ended with status 1\. The last lines of .*\/n1\.log:\n {2}/);
    expect(third.output).to.contain("holds");
    expect((await second.kill("SIGTERM")).code).to.equal(0);
  });

  it("ends with the last lines of a node's log when that is killed", async () => {
    const demo = spawnDemo("--nodes", "1", "--dir", scratch.file("killed"));
    await demo.printed(READY);
    const client = await WireClient.connect({ port: portOf(demo.output) });
    const pid = /process_id:(\d+)/.exec(await client.ask("INFO", "server"))![1];
    process.kill(Number(pid), "SIGKILL");
    const { code, output } = await demo.ended();
    expect(code).to.equal(1);
    expect(output).to.match(
      /torus: n1 was ended by SIGKILL\. The last lines of .*:\n(?: {2}.*\n)* {2}.*ready to accept/,
    );
    await client.close();
  });
});

describe("subcommands about a cluster", () => {
  const mistakes: readonly [words: readonly string[], complaint: RegExp][] = [
    [["demo", "--nodes", "0"], /It is a number from 1 to 20/],
    [["demo", "--nodes", "two"], /It is a number from 1 to 20/],
    [["demo", "--port", "65536"], /It is a number from 1 to 65535/],
    [["demo", "--port", "65534"], /there are no 3 ports from 65534 on/],
    [["demo", "--dir", "/dev/null/here"], /^torus: .*not a directory/],
    [["status", "--node", "nowhere:0"], /an address is HOST:PORT/],
    [["members", "--node", "127.0.0.1:1"], /cannot connect to 127\.0\.0\.1:1/],
    [["forget"], /missing required argument 'id'/],
  ];
  for (const [words, complaint] of mistakes) {
    it(`refuse ${words.join(" ")}`, async () => {
      const { code, output, errors } = await torus(...words);
      expect([code, output]).to.deep.equal([1, ""]);
      expect(errors).to.match(complaint);
    });
  }

  it("say of a node that it is still loading, which is no healthy state", async () => {
    const loading = createServer((socket) => {
      socket.on("error", () => undefined);
      // One refusal a request, however many of them arrive at once.
      socket.on("data", (bytes) => {
        const requests = bytes.toString().match(/^\*/gm) ?? [];
        socket.write("-LOADING Redis is loading the dataset in memory\r\n".repeat(requests.length));
      });
    });
    await once(loading.listen(0, "127.0.0.1"), "listening");
    const { port } = loading.address() as AddressInfo;
    try {
      const { code, errors } = await torus("status", "--node", String(port));
      expect([code, errors]).to.deep.equal([1, `torus: 127.0.0.1:${port} is still loading what it kept\n`]);
    } finally {
      loading.close();
    }
  });

  it("say that Redis is no TorusKV node", async function () {
    await needsProgram(this, "redis-server");
    const redis = await startRedis();
    try {
      const { code, errors } = await torus("status", "--node", String(redis.address.port));
      expect([code, errors]).to.deep.equal([
        1,
        `torus: what answers at 127.0.0.1:${redis.address.port} is no TorusKV node that knows TORUS STATUS\n`,
      ]);
    } finally {
      await redis.close();
    }
  });
});

function spawnDemo(...words: readonly string[]): ChildServer {
  return ChildServer.spawn(process.execPath, [TORUS_PROGRAM, "demo", ...words]);
}

/** The port in an address, or in the first address of a text. */
function portOf(text: string): number {
  return Number(/127\.0\.0\.1:(\d+)/.exec(text)![1]);
}

function parsed({ code, output, errors }: Run) {
  expect([code, errors]).to.deep.equal([0, ""]);
  return JSON.parse(output);
}

function expectRefusal({ code, errors }: Run, reason: string): void {
  expect(code).to.equal(1);
  expect(errors).to.match(/^torus: .*\n$/);
  expect(errors).to.contain(reason);
}
