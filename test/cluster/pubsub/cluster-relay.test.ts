import { expect } from "chai";
import type { Outcome, PeerLink } from "#torus/cluster/peer-link.js";
import type { PeersEvents } from "#torus/cluster/peers.js";
import { ClusterRelay, PENDING_BYTES_MAX } from "#torus/cluster/pubsub/cluster-relay.js";
import { BEGINS, ENDS, writePart } from "#torus/cluster/pubsub/interest-messages.js";
import { ServiceRefusal } from "#torus/cluster/service-refusal.js";
import { BODY_BYTES_MAX } from "#torus/cluster/turn-batches.js";
import { Broker } from "#torus/pubsub/broker.js";
import { silentLog } from "../../host/silent-log.js";

/** A link that the test is the other end of. */
class FakeLink {
  isUp = true;
  isThere = true;
  pendingBytes = 0;
  readonly peer = { number: 1, nodeId: "n1", host: "h", port: 1 };
  readonly told: Buffer[] = [];
  readonly asked: ((outcome: Outcome) => void)[] = [];

  tell(_service: string, body: Uint8Array): void {
    this.told.push(Buffer.from(body));
  }

  ask(): Promise<Outcome> {
    return new Promise((resolve) => this.asked.push(resolve));
  }
}

function relayed() {
  const link = new FakeLink();
  const turns: (() => void)[] = [];
  const timers: { fire: () => void; isOn: boolean }[] = [];
  let events: PeersEvents | undefined;
  const broker = new Broker();
  const relay = new ClusterRelay({
    broker,
    host: {
      log: silentLog,
      timers: {
        after(_delayMs, fire) {
          const timer = { fire, isOn: true };
          timers.push(timer);
          return () => {
            timer.isOn = false;
          };
        },
        afterTurn: (fire) => turns.push(fire),
        every: () => () => {},
      },
    },
    peers: {
      link: () => (link.isThere ? (link as unknown as PeerLink) : undefined),
      numberOf: () => 1,
      subscribe(listener) {
        events = listener;
        return () => {};
      },
    },
  });
  events!.up(link.peer);
  const endTurn = () => {
    for (const fire of turns.splice(0)) fire();
  };
  return { link, relay, broker, endTurn, timers, events: events! };
}

const CHANNEL = Buffer.from("a");

describe("the relay of messages", () => {
  it("sends what is published in one turn together", () => {
    const { link, relay, endTurn } = relayed();
    for (let i = 0; i < 10; i++) relay.send(1, "channel", CHANNEL, Buffer.from(`${i}`));
    expect(link.told).to.have.length(0);
    endTurn();
    expect(link.told).to.have.length(1);
    relay.send(1, "channel", CHANNEL, Buffer.alloc(100_000));
    expect(link.told).to.have.length(2);
  });

  it("drops what a node cannot take, and what is for one that cannot be reached", () => {
    const { link, relay } = relayed();
    link.pendingBytes = PENDING_BYTES_MAX;
    expect(relay.send(1, "channel", CHANNEL, CHANNEL)).to.equal(true);
    expect(relay.send(1, "channel", CHANNEL, CHANNEL)).to.equal(false);
    link.pendingBytes = 0;
    expect(relay.send(1, "channel", CHANNEL, CHANNEL)).to.equal(true);
    link.isUp = false;
    expect(relay.send(1, "channel", CHANNEL, CHANNEL)).to.equal(false);
    expect(relay.counters).to.deep.equal({ sent: 2, dropped: 1, received: 0 });
  });

  it("drops a message that no frame could carry", () => {
    const { link, relay, endTurn } = relayed();
    expect(relay.send(1, "channel", CHANNEL, Buffer.alloc(BODY_BYTES_MAX))).to.equal(false);
    expect(relay.counters.dropped).to.equal(1);
    expect(relay.send(1, "channel", CHANNEL, CHANNEL)).to.equal(true);
    endTurn();
    expect(link.told).to.have.length(1);
  });

  it("lets who subscribes wait until the node has heard, or its link is down, or it is taking too long", async () => {
    const { link, relay, broker, endTurn, timers, events } = relayed();
    const client = { resp: 2 as const, isSubscriber: false, hear() {} };
    const resolved: string[] = [];
    const subscribe = (name: string) => {
      const heard = broker.announce(client, "channel", [name]);
      endTurn();
      void heard?.then(() => resolved.push(name));
      return heard;
    };
    expect(subscribe("one")).not.to.equal(null);
    link.asked.shift()!({ kind: "answered", body: Buffer.of(1) });
    await turn();
    expect(resolved).to.deep.equal(["one"]);
    // What is heard is no reason to wait.
    expect(subscribe("one")).to.equal(null);
    subscribe("two");
    await turn();
    expect(resolved).to.deep.equal(["one"]);
    link.isUp = false;
    events.down(link.peer);
    await turn();
    expect(resolved).to.deep.equal(["one", "two"]);
    link.isUp = true;
    subscribe("three");
    for (const { fire, isOn } of timers.splice(0)) if (isOn) fire();
    await turn();
    expect(resolved).to.deep.equal(["one", "two", "three"]);
    relay.close();
  });
});

describe("A node that is removed", () => {
  it("is told nothing more, and nothing more is heard of it", async () => {
    const { link, relay, broker, endTurn, timers, events } = relayed();
    endTurn();
    link.asked.shift()!({ kind: "lost" });
    await turn();
    expect(timers.filter(({ isOn }) => isOn)).to.have.length(1);
    link.isThere = false;
    events.removed!(link.peer);
    expect(timers.filter(({ isOn }) => isOn)).to.have.length(0);
    const wants = [{ kind: "channel", name: "a", count: 1 } as const];
    const part = writePart({ epoch: 1, number: 0, flags: BEGINS | ENDS, wants });
    const [, hear] = relay.services[0]!;
    expect(() => hear(part, { cluster: "c", nodeId: "n1", boot: 1 })).to.throw(ServiceRefusal);
    expect(broker.elsewhere.isSilent("channel")).to.equal(true);
  });
});

async function turn(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}
