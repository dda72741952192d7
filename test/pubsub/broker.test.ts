import { expect } from "chai";
import { Broker, type Relay } from "#torus/pubsub/broker.js";
import type { Subscriber } from "#torus/pubsub/subscriber.js";

function listener(): Subscriber & { count: number } {
  return {
    resp: 2,
    isSubscriber: false,
    count: 0,
    hear() {
      this.count++;
    },
  };
}

class FakeRelay implements Relay {
  readonly counters = { sent: 0, dropped: 0, received: 0 };
  readonly sent: string[] = [];
  readonly unreachable = new Set<number>();
  heardLater: Promise<void> | null = null;

  send(node: number, kind: string, channel: Uint8Array, payload: Uint8Array): boolean {
    if (this.unreachable.has(node)) return false;
    this.sent.push(`${node} ${kind} ${Buffer.from(channel)} ${Buffer.from(payload)}`);
    return true;
  }

  isReachable(node: number): boolean {
    return !this.unreachable.has(node);
  }

  heard(): Promise<void> | null {
    return this.heardLater;
  }
}

const PAYLOAD = Buffer.from("hello");

describe("the broker", () => {
  it("answers how many got a message, here and elsewhere, and asks only nodes that want it", () => {
    const broker = new Broker();
    const relay = new FakeRelay();
    broker.relay = relay;
    expect(broker.publish("channel", "a", PAYLOAD)).to.equal(0);
    const one = listener();
    broker.local.add(one, "channel", "a");
    broker.elsewhere.set(1, { kind: "channel", name: "a", count: 2 });
    broker.elsewhere.set(2, { kind: "pattern", name: "*", count: 1 });
    broker.elsewhere.set(3, { kind: "channel", name: "b", count: 7 });
    expect(broker.publish("channel", "a", PAYLOAD)).to.equal(4);
    expect(one.count).to.equal(1);
    expect(relay.sent).to.deep.equal(["1 channel a hello", "2 channel a hello"]);
  });

  it("does not count those of a node that cannot be reached", () => {
    const broker = new Broker();
    const relay = new FakeRelay();
    broker.relay = relay;
    broker.elsewhere.set(1, { kind: "channel", name: "a", count: 2 });
    broker.elsewhere.set(2, { kind: "channel", name: "a", count: 1 });
    relay.unreachable.add(1);
    expect(broker.publish("channel", "a", PAYLOAD)).to.equal(1);
    expect(broker.count("channel", "a")).to.equal(1);
    relay.unreachable.add(2);
    expect(broker.names("channel", null)).to.deep.equal([]);
  });

  it("lists each name once, wherever it is subscribed to", () => {
    const broker = new Broker();
    broker.relay = new FakeRelay();
    broker.local.add(listener(), "channel", "a");
    for (const name of ["a", "b"]) broker.elsewhere.set(1, { kind: "channel", name, count: 1 });
    expect(broker.names("channel", null)).to.deep.equal(["a", "b"]);
    expect(broker.count("channel", "a")).to.equal(2);
  });

  it("lets a client that is about to subscribe wait for other nodes, if there are any", async () => {
    const broker = new Broker();
    const one = listener();
    expect(broker.announce(one, "channel", ["a"])).to.equal(null);
    expect(broker.local.wanting("channel", "a")).to.equal(0);
    const relay = new FakeRelay();
    broker.relay = relay;
    relay.heardLater = Promise.resolve();
    expect(broker.announce(one, "channel", ["a"])).to.equal(relay.heardLater);
    expect(broker.local.wanting("channel", "a")).to.equal(1);
  });
});
