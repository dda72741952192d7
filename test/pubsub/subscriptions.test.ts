import { expect } from "chai";
import { Message } from "#torus/pubsub/message.js";
import type { Protocol, Subscriber, SubscriptionKind } from "#torus/pubsub/subscriber.js";
import { Subscriptions } from "#torus/pubsub/subscriptions.js";

class Listener implements Subscriber {
  isSubscriber = false;
  readonly messages: Buffer[] = [];
  constructor(readonly resp: Protocol = 2) {}

  hear(message: Buffer): void {
    this.messages.push(message);
  }

  get texts(): string[] {
    return this.messages.map((message) => message.toString("latin1"));
  }
}

function publish(
  subscriptions: Subscriptions,
  channel: string,
  kind: "channel" | "shard" = "channel",
): number {
  return subscriptions.deliver(kind, channel, new Message(kind, channel, Buffer.from("hello")));
}

describe("subscriptions", () => {
  it("get a message to who subscribed, by name and by pattern, once for each", () => {
    const subscriptions = new Subscriptions();
    const [one, other] = [new Listener(), new Listener(3)];
    subscriptions.add(one, "channel", "news");
    subscriptions.add(other, "pattern", "n*");
    subscriptions.add(other, "pattern", "*s");
    expect(publish(subscriptions, "news")).to.equal(3);
    expect(one.texts).to.deep.equal(["*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n"]);
    expect(other.texts).to.deep.equal([
      ">4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$5\r\nhello\r\n",
      ">4\r\n$8\r\npmessage\r\n$2\r\n*s\r\n$4\r\nnews\r\n$5\r\nhello\r\n",
    ]);
    expect(publish(subscriptions, "other")).to.equal(0);
  });

  it("encode a message once for all who get it in the same form", () => {
    const subscriptions = new Subscriptions();
    const listeners = Array.from({ length: 5 }, () => new Listener());
    for (const listener of listeners) subscriptions.add(listener, "channel", "a");
    publish(subscriptions, "a");
    expect(new Set(listeners.map(({ messages }) => messages[0]))).to.have.property("size", 1);
  });

  it("keep shard channels apart from others, and from patterns", () => {
    const subscriptions = new Subscriptions();
    const [one, other] = [new Listener(), new Listener()];
    subscriptions.add(one, "shard", "a");
    subscriptions.add(other, "channel", "a");
    subscriptions.add(other, "pattern", "*");
    expect(publish(subscriptions, "a", "shard")).to.equal(1);
    expect(one.texts).to.deep.equal(["*3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$5\r\nhello\r\n"]);
    expect(other.messages).to.have.length(0);
  });

  it("end one by one and all together, and leave nothing behind", () => {
    const subscriptions = new Subscriptions();
    const [one, other] = [new Listener(), new Listener()];
    expect(subscriptions.add(one, "channel", "a")).to.equal(true);
    expect(subscriptions.add(one, "channel", "a")).to.equal(false);
    subscriptions.add(one, "pattern", "p");
    subscriptions.add(other, "channel", "a");
    expect(subscriptions.countsOf(one)).to.deep.equal({ channel: 1, pattern: 1, shard: 0 });
    expect(subscriptions.remove(one, "channel", "b")).to.equal(false);
    expect(subscriptions.remove(one, "channel", "a")).to.equal(true);
    expect(one.isSubscriber).to.equal(true);
    subscriptions.forget(one);
    expect(one.isSubscriber).to.equal(false);
    expect(subscriptions.isSilent("channel")).to.equal(false);
    subscriptions.add(other, "channel", "b");
    subscriptions.remove(other, "channel", "b");
    expect(subscriptions.bytesOf(other)).to.be.within(100, 200);
    subscriptions.remove(other, "channel", "a");
    expect(subscriptions.bytesOf(other)).to.equal(0);
    expect(other.isSubscriber).to.equal(false);
    expect(subscriptions.isSilent("channel")).to.equal(true);
    expect(subscriptions.count("channel") + subscriptions.count("pattern")).to.equal(0);
  });

  it("that are announced are wanted, and get nothing before they are made", () => {
    const subscriptions = new Subscriptions();
    const wants: string[] = [];
    subscriptions.changed = (kind, name) =>
      wants.push(`${kind} ${name} ${subscriptions.wanting(kind, name)}`);
    const [one, other] = [new Listener(), new Listener()];
    subscriptions.announce(one, "channel", "a");
    subscriptions.announce(one, "channel", "a");
    expect(one.isSubscriber).to.equal(false);
    expect(publish(subscriptions, "a")).to.equal(0);
    subscriptions.add(one, "channel", "a");
    expect(publish(subscriptions, "a")).to.equal(1);
    subscriptions.announce(other, "channel", "a");
    subscriptions.forget(other);
    subscriptions.forget(one);
    expect(wants).to.deep.equal(["channel a 1", "channel a 2", "channel a 1", "channel a 0"]);
    expect(subscriptions.isSilent("channel")).to.equal(true);
  });

  it("survive that somebody is closed while he hears", () => {
    const subscriptions = new Subscriptions();
    const last = new Listener();
    const leaver = new (class extends Listener {
      override hear(message: Buffer): void {
        super.hear(message);
        subscriptions.forget(this);
      }
    })();
    for (const kind of ["channel", "pattern"] satisfies SubscriptionKind[]) {
      subscriptions.add(leaver, kind, "a");
      subscriptions.add(last, kind, "a");
    }
    expect(publish(subscriptions, "a")).to.equal(3);
    expect(leaver.messages).to.have.length(1);
    expect(last.messages).to.have.length(2);
  });
});
