import { expect } from "chai";
import type { Listener } from "#torus/host/network.js";
import { createNodeHost } from "#torus/host/node/node-host.js";
import { GOSSIP_KEY_PURPOSE } from "#torus/membership/envelope.js";
import { ExchangeStreams } from "#torus/membership/exchange-streams.js";
import { Gossiper } from "#torus/membership/gossiper.js";
import type { Status } from "#torus/membership/member.js";
import { presets } from "#torus/membership/presets.js";
import { recordOf, TestState } from "../support/sim-member.js";

const LOOPBACK = "127.0.0.1";

/** A gossiper on real sockets. */
interface LoopbackMember {
  readonly gossiper: Gossiper;
  readonly port: number;
  /** Resolves when it believes that of the member of that number. */
  sees(number: number, status: Status): Promise<void>;
  close(): Promise<void>;
}

describe("members on real sockets", function () {
  this.timeout(20_000);
  const host = createNodeHost({ log: { level: "silent", format: "text" } });
  const members: LoopbackMember[] = [];

  afterEach(async () => {
    await Promise.all(members.splice(0).map((member) => member.close()));
  });

  async function start(
    number: number,
    seedPorts: readonly number[],
    secret: string,
  ): Promise<LoopbackMember> {
    const timings = presets.local;
    const waiting = new Set<() => void>();
    const channel = new ExchangeStreams({ ...host, timeoutMs: timings.exchangeTimeoutMs });
    let gossiper: Gossiper | undefined;
    const listener: Listener = await host.network.listen(
      { endpoint: { host: LOOPBACK, port: 0 }, backlog: 511, keepAliveSeconds: 0 },
      (connection) => channel.serve(connection, (packet, from) => gossiper!.answer(packet, from)),
    );
    const { port } = listener.endpoint as { port: number };
    const wake = () => {
      for (const check of waiting) check();
    };
    gossiper = await Gossiper.start({
      host,
      bind: { host: LOOPBACK, port },
      self: recordOf(number, { host: LOOPBACK, clusterPort: port }),
      clusterId: undefined,
      seeds: seedPorts.map((seedPort) => ({ host: LOOPBACK, port: seedPort })),
      timings,
      key: host.cipher.deriveKey(secret, GOSSIP_KEY_PURPOSE),
      channel,
      state: new TestState(),
      events: {
        changed: wake,
        dropped: wake,
        joined: wake,
        originTaken: wake,
        superseded: wake,
        forgotten: wake,
        refused: wake,
      },
    });
    const running = gossiper;
    const member: LoopbackMember = {
      gossiper: running,
      port,
      sees: (other, status) =>
        new Promise((resolve) => {
          const check = () => {
            if (running.table.get(recordOf(other).id)?.status !== status) return;
            waiting.delete(check);
            resolve();
          };
          waiting.add(check);
          check();
        }),
      async close() {
        await running.close();
        await listener.close();
      },
    };
    members.push(member);
    return member;
  }

  it("find each other with a secret, and notice who is gone", async () => {
    const one = await start(1, [], "secret");
    const two = await start(2, [one.port], "secret");
    const three = await start(3, [two.port, one.port], "secret");
    const all = [one, two, three];
    await Promise.all(all.flatMap((member) => [1, 2, 3].map((number) => member.sees(number, "alive"))));
    expect(new Set(all.map(({ gossiper }) => gossiper.clusterId)).size).to.equal(1);
    await three.close();
    await Promise.all([one.sees(3, "dead"), two.sees(3, "dead")]);
    expect(one.gossiper.table.get(recordOf(2).id)!.status).to.equal("alive");
    expect(one.gossiper.counters.dropped.unauthentic).to.equal(0);
  });
});
