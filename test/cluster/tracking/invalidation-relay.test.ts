import { expect } from "chai";
import { ByteWriter } from "#torus/base/byte-writer.js";
import type { Outcome, PeerLink } from "#torus/cluster/peer-link.js";
import type { PeersEvents } from "#torus/cluster/peers.js";
import { ServiceRefusal } from "#torus/cluster/service-refusal.js";
import {
  ALL,
  PREFIXED,
  READ,
  readChanges,
  readPrefixes,
  writeChange,
  writeLoss,
  writePrefixes,
} from "#torus/cluster/tracking/invalidation-messages.js";
import { InvalidationRelay, PENDING_BYTES_MAX } from "#torus/cluster/tracking/invalidation-relay.js";
import type { TrackingNode } from "#torus/tracking/relay.js";

type Change = readonly [kind: number, key: string, session: number];

/** A link that the test is the other end of. */
class FakeLink {
  isUp = true;
  isKnown = true;
  pendingBytes = 0;
  readonly peer = { number: 1, nodeId: "n1", host: "h", port: 1 };
  readonly told: Change[][] = [];
  readonly asked: { prefixes: readonly string[]; version: number; answer: (outcome: Outcome) => void }[] = [];

  tell(_service: string, body: Uint8Array): void {
    const changes: Change[] = [];
    readChanges(Buffer.from(body), (kind, { key, session }) => changes.push([kind, key, session]));
    this.told.push(changes);
  }

  ask(_service: string, body: Uint8Array): Promise<Outcome> {
    return new Promise((answer) => this.asked.push({ ...readPrefixes(Buffer.from(body))!, answer }));
  }
}

function relayed() {
  const link = new FakeLink();
  const turns: (() => void)[] = [];
  const timers: (() => void)[] = [];
  const heard: string[] = [];
  let events: PeersEvents | undefined;
  const node: TrackingNode & { prefixes: string[] } = {
    relay: null,
    prefixes: [],
    wantsChanged: () => heard.push("wants"),
    changedElsewhere: ({ key, session }) => heard.push(`read ${key} ${session}`),
    broadcastElsewhere: ({ key, session }) => heard.push(`prefixed ${key} ${session}`),
    lostElsewhere: (number) => heard.push(`lost ${number}`),
    prefixesUnheard: () => heard.push("unheard"),
  };
  const relay = new InvalidationRelay({
    node,
    timers: {
      after(_delayMs, fire) {
        timers.push(fire);
        return () => {
          if (timers.includes(fire)) timers.splice(timers.indexOf(fire), 1);
        };
      },
      afterTurn: (fire) => turns.push(fire),
      every: () => () => {},
    },
    peers: {
      link: () => (link.isKnown ? (link as unknown as PeerLink) : undefined),
      numberOf: () => 1,
      subscribe(listener) {
        events = listener;
        return () => {};
      },
    },
  });
  const endTurn = () => {
    while (turns.length > 0) for (const fire of turns.splice(0)) fire();
  };
  const [changed, prefixes] = relay.services.map(([, serve]) => serve);
  const from = { cluster: "c", nodeId: "n1", boot: 1 };
  let version = 0;
  return {
    link,
    relay,
    node,
    heard,
    timers,
    endTurn,
    events: events!,
    hearChanges: (body: Buffer) => changed!(body, from),
    hearPrefixes: (...names: string[]) =>
      prefixes!(writePrefixes({ version: ++version, prefixes: names }), from),
    hearOutdated: (boot: number, ...names: string[]) =>
      prefixes!(writePrefixes({ version: 0, prefixes: names }), { ...from, boot }),
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("the bytes of invalidations", () => {
  it("are read as they were written, and are none if cut", () => {
    const writer = new ByteWriter({ bytesMax: 1024 });
    writeChange(writer, READ, { key: "a\xff", session: 300 });
    writeChange(writer, PREFIXED, { key: "", session: 0 });
    writeLoss(writer);
    const body = Buffer.from(writer.written());
    const found: Change[] = [];
    expect(readChanges(body, (kind, { key, session }) => found.push([kind, key, session]))).to.equal(true);
    expect(found).to.deep.equal([
      [READ, "a\xff", 300],
      [PREFIXED, "", 0],
      [ALL, "", 0],
    ]);
    for (const end of [1, 2, 3, 4, 5, 7, 8])
      expect(readChanges(body.subarray(0, end), () => {})).to.equal(end === 6);
    expect(readChanges(Buffer.of(9, 0, 0), () => {})).to.equal(false);
    const wanted = { version: 200, prefixes: ["", "a:", "\xff"] };
    expect(readPrefixes(writePrefixes(wanted))).to.deep.equal(wanted);
    expect(readPrefixes(Buffer.of(0, 5, 1))).to.equal(undefined);
  });
});

describe("the way of invalidations", () => {
  it("tells a node first of all that what was told before may be lost", () => {
    const { link, events, endTurn, relay } = relayed();
    events.up(link.peer);
    relay.trackerOf(1).changed("a", null);
    endTurn();
    expect(link.told).to.deep.equal([[[ALL, "", 0]]]);
    relay.trackerOf(1).changed("a", { sender: { node: 1, session: 7 } });
    relay.trackerOf(1).changed("b", { sender: { node: 2, session: 7 } });
    endTurn();
    expect(link.told[1]).to.deep.equal([
      [READ, "a", 7],
      [READ, "b", 0],
    ]);
  });

  it("makes good what a node could not take, and what was told while it was away", () => {
    const { link, events, endTurn, relay, timers } = relayed();
    events.up(link.peer);
    endTurn();
    link.told.length = 0;
    link.pendingBytes = PENDING_BYTES_MAX + 1;
    relay.trackerOf(1).changed("a", null);
    endTurn();
    expect(link.told).to.deep.equal([]);
    link.pendingBytes = 0;
    for (const fire of timers.splice(0)) fire();
    endTurn();
    expect(link.told).to.deep.equal([[[ALL, "", 0]]]);
    link.isUp = false;
    events.down(link.peer);
    relay.trackerOf(1).changed("a", null);
    endTurn();
    expect(link.told).to.have.length(1);
    link.isUp = true;
    events.up(link.peer);
    endTurn();
    expect(link.told[1]).to.deep.equal([[ALL, "", 0]]);
    expect(relay.counters.losses).to.equal(2);
  });

  it("tells of prefixes those that want them, and nobody else", () => {
    const { link, relay, endTurn, hearPrefixes, events } = relayed();
    events.up(link.peer);
    endTurn();
    link.told.length = 0;
    expect(relay.wantsPrefixes).to.equal(false);
    hearPrefixes("a:", "b");
    expect(relay.wantsPrefixes).to.equal(true);
    for (const key of ["a", "a:1", "b", "c"]) relay.broadcast(key, null);
    endTurn();
    expect(link.told).to.deep.equal([
      [
        [PREFIXED, "a:1", 0],
        [PREFIXED, "b", 0],
      ],
    ]);
    events.removed!(link.peer);
    expect(relay.wantsPrefixes).to.equal(false);
  });

  it("takes no older prefixes for newer ones, and none of a node that is gone", () => {
    const { link, relay, hearPrefixes, hearOutdated, events } = relayed();
    hearPrefixes("a");
    hearOutdated(1);
    expect(relay.wantsPrefixes).to.equal(true);
    hearOutdated(2);
    expect(relay.wantsPrefixes).to.equal(false);
    link.isKnown = false;
    events.removed!(link.peer);
    expect(() => hearPrefixes("a")).to.throw(ServiceRefusal);
    expect(relay.wantsPrefixes).to.equal(false);
  });

  it("lets a client wait until nodes know its prefixes, and takes all for changed that they did not know of", async () => {
    const { link, relay, endTurn, node, heard, events } = relayed();
    events.up(link.peer);
    endTurn();
    link.asked.shift()!.answer({ kind: "answered", body: Buffer.alloc(0) });
    await turn();
    expect(heard).to.deep.equal(["unheard"]);
    endTurn();
    node.prefixes.push("a");
    let isTold = false;
    relay.prefixesChanged();
    void relay.prefixesHeard()!.then(() => {
      isTold = true;
    });
    endTurn();
    const asked = link.asked.shift()!;
    expect(asked.prefixes).to.deep.equal(["a"]);
    node.prefixes.push("b");
    relay.prefixesChanged();
    endTurn();
    expect(link.asked).to.have.length(0);
    await turn();
    expect(isTold).to.equal(false);
    asked.answer({ kind: "answered", body: Buffer.alloc(0) });
    await turn();
    expect(isTold).to.equal(true);
    endTurn();
    expect(link.asked.shift()!.prefixes).to.deep.equal(["a", "b"]);
    expect(heard).to.deep.equal(["unheard"]);
  });

  it("asks again after a failure, and lets nobody wait for ever", async () => {
    const { link, relay, endTurn, node, heard, events, timers } = relayed();
    events.up(link.peer);
    endTurn();
    link.asked.shift()!.answer({ kind: "unsent" });
    await turn();
    node.prefixes.push("a");
    let isTold = false;
    relay.prefixesChanged();
    void relay.prefixesHeard()!.then(() => {
      isTold = true;
    });
    endTurn();
    const asked = link.asked.shift()!;
    expect(asked.prefixes).to.deep.equal(["a"]);
    for (const fire of timers.splice(0)) fire();
    await turn();
    expect(isTold).to.equal(true);
    // Who did not wait any longer was told of nothing that changed meanwhile.
    expect(heard).to.deep.equal([]);
    asked.answer({ kind: "answered", body: Buffer.alloc(0) });
    await turn();
    expect(heard).to.include("unheard");
  });

  it("takes all for changed that a node did not know of because it was slow to hear", async () => {
    const { link, relay, endTurn, node, heard, events, timers } = relayed();
    const answer = async () => {
      endTurn();
      link.asked.shift()!.answer({ kind: "answered", body: Buffer.alloc(0) });
      await turn();
    };
    events.up(link.peer);
    await answer();
    heard.length = 0;
    for (const prefix of ["a", "b"]) {
      node.prefixes.push(prefix);
      relay.prefixesChanged();
      void relay.prefixesHeard();
      endTurn();
    }
    for (const fire of timers.splice(0)) fire();
    await answer();
    expect(heard).to.deep.equal([]);
    await answer();
    expect(heard).to.deep.equal(["unheard"]);
    expect(relay.prefixesHeard()).to.equal(null);
  });

  it("hands on what it hears, and takes what a broken link stood for as changed", () => {
    const { heard, hearChanges, events, link } = relayed();
    const writer = new ByteWriter({ bytesMax: 1024 });
    writeChange(writer, READ, { key: "a", session: 3 });
    writeChange(writer, PREFIXED, { key: "b", session: 0 });
    writeLoss(writer);
    hearChanges(Buffer.from(writer.written()));
    events.down(link.peer);
    expect(heard).to.deep.equal(["read a 3", "prefixed b 0", "lost 1", "lost 1"]);
    expect(() => hearChanges(Buffer.of(9))).to.throw("make no sense");
  });
});
