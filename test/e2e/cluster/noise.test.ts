import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { ProcessCluster, type ProcessNode } from "../../support/process-cluster.js";

const DATAGRAMS = 80_000;
const STREAMS = 400;
const MESSAGES_PER_STREAM = 50;
const MESSAGE_BYTES_MAX = 1000;
const DATAGRAMS_AT_ONCE = 200;
const HOST = "127.0.0.1";

describe("random bytes on the cluster port", function () {
  this.timeout(60_000);
  let cluster: ProcessCluster;
  before(async () => {
    cluster = await ProcessCluster.start(3, { "http-port": 0 });
  });
  after(() => cluster?.close());

  it(`change nothing but counters, ${DATAGRAMS + STREAMS * MESSAGES_PER_STREAM} messages`, async () => {
    const [target, other] = cluster.nodes as [ProcessNode, ProcessNode];
    const client = await cluster.connect(other);
    for (let i = 0; i < 100; i++) expect(await client.ask("SET", `key:${i}`, i)).to.equal("OK");
    const before = await picture(target);
    const id = await clusterId(target);
    await Promise.all([
      sendDatagrams(target, new Noise("datagrams", id)),
      sendStreams(target, new Noise("streams", id)),
    ]);
    await cluster.whenShared();
    expect(await picture(target)).to.deep.equal(before);
    for (let i = 0; i < 100; i++) expect(await client.ask("GET", `key:${i}`)).to.equal(`"${i}"`);
    await client.close();
    expect(await metric(target, "torus_gossip_dropped_total")).to.be.greaterThan(DATAGRAMS / 2);
    expect(target.server.output).not.to.match(/ error /);
  });

  /** All that must stay as it is: members, who has which slots, keys. */
  async function picture(node: ProcessNode): Promise<unknown> {
    const client = await cluster.connect(node);
    const ring = await client.ask("TORUS", "RING");
    const members = (await client.ask("TORUS", "MEMBERS")).replace(/"since-ms" \d+/g, "");
    const keys = await client.ask("DBSIZE");
    await client.close();
    return { ring, members, keys };
  }

  /** The id that all packets and greetings carry, as bytes. */
  async function clusterId(node: ProcessNode): Promise<Buffer> {
    const client = await cluster.connect(node);
    const [, id] = /"cluster" "([0-9a-f]{32})"/.exec(await client.ask("TORUS", "STATUS"))!;
    await client.close();
    return Buffer.from(id!, "hex");
  }
});

/** Sum of a metric over its labels. */
async function metric({ httpPort }: ProcessNode, name: string): Promise<number> {
  const page = await (await fetch(`http://${HOST}:${httpPort}/metrics`)).text();
  const samples = page.split("\n").filter((line) => line.startsWith(name) && !line.startsWith("#"));
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

async function sendDatagrams({ clusterPort }: ProcessNode, noise: Noise): Promise<void> {
  const socket = createSocket("udp4");
  for (let sent = 0; sent < DATAGRAMS; sent += DATAGRAMS_AT_ONCE) {
    const batch = Array.from({ length: DATAGRAMS_AT_ONCE }, () => noise.next());
    await Promise.all(
      batch.map((bytes) => new Promise((resolve) => socket.send(bytes, clusterPort, HOST, resolve))),
    );
  }
  await new Promise<void>((resolve) => socket.close(() => resolve()));
}

/** Streams that the node closes, as often as not before all is sent, or that we close. */
async function sendStreams({ clusterPort }: ProcessNode, noise: Noise): Promise<void> {
  for (let i = 0; i < STREAMS; i++) {
    await new Promise<void>((closed) => {
      const socket = connect(clusterPort, HOST, () => {
        for (let message = 0; message < MESSAGES_PER_STREAM; message++) socket.write(noise.next());
        socket.end();
      });
      socket.on("error", () => undefined).on("close", () => closed());
      socket.resume();
    });
  }
}

/** Any bytes, as often as not with a beginning that is right. */
class Noise {
  readonly #prng: Prng;
  readonly #beginnings: readonly Uint8Array[];

  constructor(seed: string, cluster: Buffer) {
    this.#prng = new Prng(seed);
    this.#beginnings = [
      Buffer.alloc(0),
      // A datagram of this cluster.
      Buffer.concat([Buffer.of(1), cluster]),
      // A link, and an exchange of tables.
      Buffer.concat([Buffer.from("TKVP"), Buffer.of(1, 1, 0), cluster]),
      Buffer.concat([Buffer.from("TKVX"), Buffer.of(200, 0, 0, 0, 1), cluster]),
      Buffer.from("*1\r\n$4\r\nPING\r\n"),
    ];
  }

  next(): Uint8Array {
    const bytes = this.#prng.bytes(1 + this.#prng.below(MESSAGE_BYTES_MAX));
    bytes.set(this.#prng.pick(this.#beginnings).subarray(0, bytes.length));
    return bytes;
  }
}
