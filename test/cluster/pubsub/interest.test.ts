import { expect } from "chai";
import fc from "fast-check";
import { InterestHearer } from "#torus/cluster/pubsub/interest-hearer.js";
import {
  BEGINS,
  ENDS,
  type InterestPart,
  readPart,
  WANTS_ALL,
  writePart,
} from "#torus/cluster/pubsub/interest-messages.js";
import { DUE_MAX, InterestTeller } from "#torus/cluster/pubsub/interest-teller.js";
import { keyOf, OwnInterest } from "#torus/cluster/pubsub/own-interest.js";
import { Interest } from "#torus/pubsub/interest.js";
import type { Subscriber, SubscriptionKind } from "#torus/pubsub/subscriber.js";
import { Subscriptions } from "#torus/pubsub/subscriptions.js";

const NODE = 1;

function subscriber(): Subscriber {
  return { resp: 2, isSubscriber: false, hear() {} };
}

/** A node that wants something, the one that it tells, and the way between them, which the test is. */
class Pair {
  readonly subscriptions = new Subscriptions();
  readonly own: OwnInterest;
  readonly teller: InterestTeller;
  interest = new Interest();
  hearer = new InterestHearer(this.interest);
  readonly clients = Array.from({ length: 3 }, subscriber);
  private boot = 1;

  constructor(namesMax?: number) {
    this.own = new OwnInterest(this.subscriptions, namesMax);
    this.teller = new InterestTeller(this.own);
    this.subscriptions.changed = (kind, name) => {
      if (this.own.changed(kind, name)) this.teller.beginAnew();
      else if (!this.own.wantsAll) this.teller.changed(keyOf(kind, name));
    };
    this.teller.linked();
  }

  change(client: number, kind: SubscriptionKind, name: string, isWanted: boolean): void {
    if (isWanted) this.subscriptions.add(this.clients[client]!, kind, name);
    else this.subscriptions.remove(this.clients[client]!, kind, name);
  }

  /** One part, if there is one: it may be lost on its way, or its answer may. */
  step(fate: "answered" | "part-lost" | "answer-lost" = "answered"): InterestPart | undefined {
    const part = this.teller.next();
    if (part === undefined) return undefined;
    const isTaken = fate !== "part-lost" && this.hearer.take(NODE, this.boot, readPart(writePart(part))!);
    if (fate !== "answered") this.teller.lost();
    else if (isTaken) this.teller.taken();
    else this.teller.refused();
    return part;
  }

  /** The node that is told starts again, and knows nothing. */
  restartHearer(): void {
    this.interest = new Interest();
    this.hearer = new InterestHearer(this.interest);
    this.hearer.linked(NODE);
    this.teller.linked();
  }

  settle(): void {
    for (let steps = 0; this.step() !== undefined; steps++) expect(steps).to.be.lessThan(1000);
  }

  wanted(kind: SubscriptionKind): string[] {
    return [...this.subscriptions.names(kind)]
      .map((name) => `${name} ${this.subscriptions.wanting(kind, name)}`)
      .sort();
  }

  known(kind: SubscriptionKind): string[] {
    return [...this.interest.names(kind)].map(([name, counts]) => `${name} ${counts.get(NODE)}`).sort();
  }
}

const KINDS = ["channel", "pattern", "shard"] as const;

describe("what a node tells another one of what it wants", () => {
  it("has bytes that are read as they were written, and nothing else is", () => {
    const part: InterestPart = {
      epoch: 300,
      number: 7,
      flags: BEGINS | ENDS | WANTS_ALL,
      wants: [
        { kind: "channel", name: "a\xff\x00", count: 70_000 },
        { kind: "pattern", name: "", count: 1 },
        { kind: "shard", name: "s", count: 0 },
      ],
    };
    const bytes = writePart(part);
    expect(readPart(bytes)).to.deep.equal(part);
    const wholes = new Set<number>();
    for (let end = 0; end < bytes.length; end++)
      if (readPart(bytes.subarray(0, end)) !== undefined) wholes.add(end);
    // Ends of wants are ends of parts too: frames have lengths of their own.
    expect(wholes.size).to.equal(3);
    expect(readPart(Buffer.from([1, 0, 8]))).to.equal(undefined);
    expect(readPart(Buffer.from([1, 0, 1, 3, 1, 0]))).to.equal(undefined);
  });

  it("comes to be known, whatever is lost on the way, and whoever starts again", () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constantFrom(...KINDS),
        name: fc.constantFrom("a", "b", "c*", "d"),
        client: fc.nat(2),
        isWanted: fc.boolean(),
      }),
      fc.constantFrom("answered", "part-lost", "answer-lost", "restart", "relink"),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(2, 5, 100), (steps, namesMax) => {
        const pair = new Pair(namesMax);
        for (const each of steps) {
          if (typeof each !== "string") pair.change(each.client, each.kind, each.name, each.isWanted);
          else if (each === "restart") pair.restartHearer();
          else if (each === "relink") pair.teller.linked();
          else pair.step(each as "answered");
          expectNothingMissed(pair);
        }
        pair.settle();
        expect(pair.teller.heard).to.be.at.least(pair.own.time);
        const receivers = new Map<number, number>();
        pair.interest.receivers("channel", "nobody's", Buffer.from("nobody's"), receivers);
        expect(receivers.has(NODE)).to.equal(pair.own.wantsAll);
        for (const kind of KINDS) {
          expect(pair.known(kind)).to.deep.equal(pair.own.wantsAll ? [] : pair.wanted(kind));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("comes in parts of bounded size, and is not forgotten while all is told anew", () => {
    const pair = new Pair();
    for (let i = 0; i < 2000; i++) pair.change(0, "channel", `channel ${i}`, true);
    const parts: InterestPart[] = [];
    for (let part = pair.step(); part !== undefined; part = pair.step()) parts.push(part);
    expect(parts.map(({ wants }) => wants.length)).to.deep.equal([512, 512, 512, 464]);
    pair.teller.beginAnew();
    pair.step();
    pair.change(0, "channel", "channel 1999", false);
    expect(pair.known("channel")).to.have.length(2000);
    pair.settle();
    expect(pair.known("channel")).to.have.length(1999);
  });

  it("takes bounded memory though names come and go while nobody can be told", () => {
    const pair = new Pair();
    pair.change(0, "channel", "stays", true);
    pair.settle();
    for (let i = 0; i < 2 * DUE_MAX; i++) {
      pair.change(0, "channel", `channel ${i}`, true);
      pair.change(0, "channel", `channel ${i}`, false);
    }
    const part = pair.step();
    expect(part?.flags).to.equal(BEGINS | ENDS);
    expect(part?.wants).to.deep.equal([{ kind: "channel", name: "stays", count: 1 }]);
    expect(pair.step()).to.equal(undefined);
    expect(pair.known("channel")).to.deep.equal(["stays 1"]);
  });

  it("is everything while it is too much, and names again when it is much less", () => {
    const pair = new Pair(10);
    for (let i = 0; i < 11; i++) pair.change(0, "channel", `channel ${i}`, true);
    pair.settle();
    expect(pair.own.wantsAll).to.equal(true);
    expect(pair.known("channel")).to.have.length(0);
    pair.change(0, "channel", "one more", true);
    expect(pair.teller.next()).to.equal(undefined);
    for (let i = 0; i < 8; i++) pair.change(0, "channel", `channel ${i}`, false);
    pair.settle();
    expect(pair.own.wantsAll).to.equal(false);
    expect(pair.known("channel")).to.have.length(4);
  });

  it("gets on though parts are lost: each is sent again, with what the counts are by then", () => {
    const pair = new Pair();
    for (let i = 0; i < 2000; i++) pair.change(0, "channel", `channel ${i}`, true);
    const epochs = new Set([pair.step()?.epoch]);
    for (let part = pair.step("part-lost"); part !== undefined; part = pair.step("answer-lost")) {
      const name = part.wants[0]?.name ?? "";
      pair.change(1, "channel", name, true);
      const again = pair.step();
      expect(again?.number).to.equal(part.number);
      expect(again?.flags).to.equal(part.flags);
      expect(again?.wants.slice(1)).to.deep.equal(part.wants.slice(1));
      expect(again?.wants[0]).to.deep.equal({ kind: "channel", name, count: 2 });
      epochs.add(part.epoch);
      if ((part.flags & ENDS) !== 0) break;
    }
    pair.settle();
    expect(epochs.size).to.equal(1);
    expect(pair.known("channel")).to.deep.equal(pair.wanted("channel"));
    expect(pair.teller.heard).to.equal(pair.own.time);
  });

  it("is not taken for heard before it is, though everything was wanted once", () => {
    const pair = new Pair(1);
    for (const name of ["a", "b"]) pair.change(0, "channel", name, true);
    pair.settle();
    for (const name of ["a", "b"]) pair.change(0, "channel", name, false);
    pair.settle();
    expect(pair.own.wantsAll).to.equal(false);
    pair.change(0, "channel", "c", true);
    expect(pair.own.since("channel", "c")).to.be.greaterThan(pair.teller.heard);
    expectNothingMissed(pair);
    pair.settle();
    expect(pair.own.since("channel", "c")).to.be.at.most(pair.teller.heard);
  });

  it("is told once, however often it changed meanwhile", () => {
    const pair = new Pair();
    pair.settle();
    const part = pair.teller.next();
    expect(part).to.equal(undefined);
    for (let i = 0; i < 50; i++) pair.change(0, "channel", "a", i % 2 === 0);
    pair.change(1, "channel", "a", true);
    expect(pair.step()?.wants).to.deep.equal([{ kind: "channel", name: "a", count: 1 }]);
    expect(pair.step()).to.equal(undefined);
  });

  it("is taken for everything until it is told", () => {
    const interest = new Interest();
    const hearer = new InterestHearer(interest);
    const isGiven = () => {
      const receivers = new Map<number, number>();
      interest.receivers("shard", "any", Buffer.from("any"), receivers);
      return receivers.has(NODE);
    };
    hearer.linked(NODE);
    expect(isGiven()).to.equal(true);
    hearer.take(NODE, 1, { epoch: 1, number: 0, flags: BEGINS, wants: [] });
    expect(isGiven()).to.equal(true);
    hearer.take(NODE, 1, { epoch: 1, number: 1, flags: ENDS, wants: [] });
    expect(isGiven()).to.equal(false);
    hearer.linked(NODE);
    expect(isGiven()).to.equal(false);
    hearer.forget(NODE);
    hearer.linked(NODE);
    expect(isGiven()).to.equal(true);
  });

  it("is not believed of an earlier life", () => {
    const interest = new Interest();
    const hearer = new InterestHearer(interest);
    expect(hearer.take(NODE, 1, { epoch: 1, number: 0, flags: BEGINS | ENDS, wants: [] })).to.equal(true);
    expect(hearer.take(NODE, 2, { epoch: 1, number: 1, flags: 0, wants: [] })).to.equal(false);
    expect(hearer.take(NODE, 1, { epoch: 1, number: 2, flags: 0, wants: [] })).to.equal(false);
    expect(hearer.take(NODE, 1, { epoch: 1, number: 1, flags: 0, wants: [] })).to.equal(true);
  });
});

/** What the teller says was heard is given to that node. */
function expectNothingMissed(pair: Pair): void {
  for (const name of pair.subscriptions.names("channel")) {
    if (pair.own.since("channel", name) > pair.teller.heard) continue;
    const receivers = new Map<number, number>();
    pair.interest.receivers("channel", name, Buffer.from(name), receivers);
    expect(receivers.has(NODE)).to.equal(true);
  }
}
