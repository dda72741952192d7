import { expect } from "chai";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { idOf } from "#torus/membership/claim.js";
import { writeMessage } from "#torus/membership/message-codec.js";
import { presets } from "#torus/membership/presets.js";
import { idOfNumber, recordOf } from "../support/sim-member.js";
import { ackFrom, gone, healthy, type SwimBench, settled, suspicion } from "./swim-bench.js";

const { probeIntervalMs, probeTimeoutMs, slownessMax } = presets.lan;

describe("the core of membership", () => {
  describe("probing", () => {
    it("pings one member a period, everyone once a round, and nobody else while all answer", () => {
      const bench = settled(10);
      bench.run(9 * probeIntervalMs * 4);
      expect(bench.sent.every(({ message }) => message.kind === "ping")).to.equal(true);
      const targets = bench.sentOf("ping").map(({ to }) => to);
      expect(targets).to.have.length(36);
      for (let number = 2; number <= 10; number++) {
        expect(targets.filter((to) => to === number).length).to.be.within(3, 5);
      }
      expect(bench.statusOf(5)).to.equal("alive");
    });

    it("asks three others after the time-out, and suspects who answers none of them after the period", () => {
      const bench = settled(10, [7]);
      bench.run(9 * probeIntervalMs);
      const [ping] = bench.sentOf("ping").filter(({ to }) => to === 7);
      const relays = bench.sentOf("relay");
      expect(relays).to.have.length(3);
      for (const { atMs, to, message } of relays) {
        expect(atMs - ping!.atMs).to.be.closeTo(probeTimeoutMs, 1e-6);
        expect(message.target).to.equal(idOfNumber(7));
        expect(to).to.not.be.oneOf([1, 7]);
      }
      const [told] = bench.sentOf("gossip");
      expect(told!.atMs - ping!.atMs).to.be.closeTo(probeIntervalMs, 1e-6);
      expect(told!.to, "the suspect is told first").to.equal(7);
      expect(told!.message.claims).to.deep.equal([suspicion(7, 1)]);
      expect(bench.statusOf(7)).to.equal("suspect");
    });

    it("suspects nobody whom a relay reached", () => {
      const bench = settled(10);
      bench.answer = (sent) => (sent.to === 7 ? undefined : healthy()(sent));
      bench.run(20 * probeIntervalMs);
      expect(bench.sentOf("relay").length).to.be.at.least(3);
      expect(bench.statusOf(7)).to.equal("alive");
      expect(bench.swim.counters.probesFailed).to.equal(0);
    });

    it("takes no answer but the one that it waits for", () => {
      const bench = settled(3);
      bench.answer = (sent) =>
        sent.message.kind === "ping" ? ackFrom(sent.to, sent.message.sequence + 1) : undefined;
      bench.run(3 * probeIntervalMs);
      expect(bench.swim.counters.probesFailed).to.be.greaterThan(0);
    });

    it("declares dead who does not speak up, and goes on pinging the dead now and then, in case they are back", () => {
      const bench = settled(10, [7]);
      bench.run(60_000);
      expect(bench.statusOf(7)).to.equal("dead");
      bench.sent.length = 0;
      bench.run(60_000);
      const pings = bench.sentOf("ping").filter(({ to }) => to === 7);
      expect(pings.length).to.be.within(6, 9);
      for (const { message } of pings) expect(message.claims[0]).to.deep.equal(gone("dead", 7, 1));
      expect(bench.statusOf(7)).to.equal("dead");
    });

    it("does not probe who left", () => {
      const bench = settled(3);
      bench.hear(3, {
        kind: "gossip",
        claims: [{ kind: "alive", record: recordOf(3, { incarnation: 1, lifecycle: "left" }) }],
      });
      bench.sent.length = 0;
      bench.run(10 * probeIntervalMs);
      expect(bench.sentOf("ping").map(({ to }) => to)).to.not.include(3);
    });
  });

  describe("for others", () => {
    it("answers a ping under its number, and none that is meant for another node", () => {
      const bench = settled(3);
      bench.hear(2, { kind: "ping", target: idOfNumber(1), sequence: 42, claims: [] });
      bench.hear(2, { kind: "ping", target: idOfNumber(3), sequence: 43, claims: [] });
      expect(bench.sent).to.have.length(1);
      expect(bench.sentOf("ack")[0]).to.deep.include({ to: 2 });
      expect(bench.sentOf("ack")[0]!.message.sequence).to.equal(42);
      expect(bench.swim.counters.misdirected).to.equal(1);
    });

    it("pings whom it is asked to, and passes the answer on", () => {
      const bench = settled(3);
      bench.hear(2, { kind: "relay", target: idOfNumber(3), sequence: 42, claims: [] });
      bench.run(100);
      expect(bench.sentOf("ping").some(({ to }) => to === 3)).to.equal(true);
      const acks = bench.sentOf("ack");
      expect(acks.map(({ to, message }) => ({ to, sequence: message.sequence }))).to.deep.equal([
        { to: 2, sequence: 42 },
      ]);
    });

    it("says in time that there was no answer, and at once that it does not know whom to ask", () => {
      const bench = settled(3, [3]);
      bench.hear(2, { kind: "relay", target: idOfNumber(3), sequence: 42, claims: [] });
      bench.hear(2, { kind: "relay", target: idOfNumber(77), sequence: 43, claims: [] });
      const startMs = bench.nowMs;
      bench.run(1000);
      const nacks = bench.sentOf("nack").map(({ atMs, message }) => [atMs - startMs, message.sequence]);
      expect(nacks[0]).to.deep.equal([0, 43]);
      expect(nacks[1]![1]).to.equal(42);
      expect(nacks[1]![0]).to.be.below(probeIntervalMs - probeTimeoutMs);
    });
  });

  describe("suspicion", () => {
    it("is refuted in the very answer to the ping that tells of it", () => {
      const bench = settled(3);
      bench.hear(2, { kind: "ping", target: idOfNumber(1), sequence: 42, claims: [suspicion(1, 2)] });
      const [ack] = bench.sentOf("ack");
      expect(ack!.message.version).to.deep.equal({ boot: 1, incarnation: 1 });
      expect(ack!.message.claims).to.deep.equal([{ kind: "alive", record: recordOf(1, { incarnation: 1 }) }]);
      expect(bench.swim.counters.refutations).to.equal(1);
    });

    it("ends with the suspect's own word", () => {
      const bench = settled(10);
      bench.hear(2, { kind: "gossip", claims: [suspicion(7, 2)] });
      expect(bench.statusOf(7)).to.equal("suspect");
      bench.hear(2, { kind: "gossip", claims: [{ kind: "alive", record: recordOf(7, { incarnation: 1 }) }] });
      expect(bench.statusOf(7)).to.equal("alive");
      bench.run(60_000);
      expect(bench.statusOf(7)).to.equal("alive");
    });

    it("runs out the sooner the more accuse, and is told on with all who do", () => {
      const deathMs = (accusers: readonly number[]) => {
        const bench = settled(10);
        for (const accuser of accusers)
          bench.hear(accuser, { kind: "gossip", claims: [suspicion(7, accuser)] });
        const startMs = bench.nowMs;
        while (bench.statusOf(7) !== "dead") bench.run(10);
        const told = bench.sentOf("gossip").flatMap(({ message }) => message.claims);
        const all = accusers.map((accuser) => idOfNumber(accuser));
        expect(told).to.deep.include({ ...suspicion(7, 2), accusers: all });
        return bench.nowMs - startMs;
      };
      expect(deathMs([2])).to.be.closeTo(6 * 1800, 20);
      expect(deathMs([2, 3, 4, 5])).to.be.closeTo(1800, 20);
    });

    it("is looked into at once by some of those who hear of it", () => {
      const bench = settled(5);
      bench.hear(2, { kind: "gossip", claims: [suspicion(4, 2)] });
      expect(bench.sentOf("ping").map(({ to }) => to)).to.deep.equal([4]);
    });

    it("is all that a table's word of a death makes, where the member seemed alive", () => {
      const bench = settled(5);
      bench.handle({ kind: "learned", claims: [gone("dead", 4)], from: idOfNumber(2) });
      expect(bench.statusOf(4)).to.equal("suspect");
      bench.hear(3, { kind: "gossip", claims: [gone("dead", 4)] });
      expect(bench.statusOf(4)).to.equal("dead");
    });

    it("follows a refused connect at once and soon ends in death; a lost link makes it look at once", () => {
      const bench = settled(5, [3, 4]);
      bench.handle({ kind: "doubt", id: idOfNumber(4), evidence: "refused" });
      expect(bench.statusOf(4)).to.equal("suspect");
      bench.handle({ kind: "doubt", id: idOfNumber(3), evidence: "lost" });
      expect(bench.statusOf(3)).to.equal("alive");
      expect(bench.sentOf("ping").map(({ to }) => to)).to.deep.equal([3]);
      expect(bench.sentOf("relay").map(({ message }) => message.target)).to.deep.equal([
        idOfNumber(3),
        idOfNumber(3),
      ]);
      bench.run(probeIntervalMs);
      expect(bench.statusOf(3)).to.equal("suspect");
      bench.run(probeTimeoutMs);
      expect(bench.statusOf(4)).to.equal("dead");
    });
  });

  describe("of a node that is slow itself", () => {
    it("waits longer with each probe that fails without a word of the relays, and recovers", () => {
      const bench = settled(10);
      bench.answer = () => undefined;
      bench.run(20_000);
      expect(bench.swim.slowness).to.equal(slownessMax);
      bench.answer = healthy();
      bench.run(60_000);
      expect(bench.swim.slowness).to.equal(1);
    });

    it("does not blame itself for a death that relays confirm", () => {
      const bench = settled(10, [7]);
      bench.run(30_000);
      expect(bench.statusOf(7)).to.equal("dead");
      expect(bench.swim.slowness).to.equal(1);
    });

    it("counts no time in which it could not hear: neither for probes nor for suspicions", () => {
      const bench = settled(3);
      bench.hear(2, {
        kind: "gossip",
        claims: [suspicion(3, 2), { ...suspicion(3, 2), accusers: [idOfNumber(1)] }],
      });
      bench.answer = () => undefined;
      bench.run(probeIntervalMs - 50);
      const stallMs = 5000;
      bench.nowMs += stallMs;
      bench.handle({ kind: "tick", lateMs: stallMs });
      expect(bench.statusOf(3)).to.equal("suspect");
      expect(bench.statusOf(2)).to.equal("alive");
      expect(bench.swim.counters.probesFailed).to.equal(0);
      expect(bench.swim.slowness).to.equal(slownessMax);
    });
  });

  describe("news", () => {
    it("of a thousand members goes into datagrams that are never too large, and reaches an end", () => {
      const bench = settled(3);
      const writer = new ByteWriter({ bytesMax: 1 << 16 });
      let largest = 0;
      const answer = bench.answer;
      bench.answer = (sent) => {
        writer.clear();
        writeMessage(writer, sent.message);
        largest = Math.max(largest, writer.length);
        return answer(sent);
      };
      for (let number = 100; number < 1100; number++) {
        bench.hear(2, { kind: "gossip", claims: [{ kind: "alive", record: recordOf(number) }] });
      }
      bench.run(1000);
      expect(largest).to.be.within(1300, 1379);
      const perSecond = bench.sent.length;
      expect(perSecond).to.be.below(45);
    });

    it("is told to the same number of members a second however many there are, and then no more", () => {
      for (const members of [10, 200]) {
        const bench = settled(members);
        bench.hear(2, { kind: "gossip", claims: [{ kind: "alive", record: recordOf(999) }] });
        bench.sent.length = 0;
        bench.run(200);
        expect(bench.sentOf("gossip").length).to.be.within(6, 9);
        bench.run(10_000);
        bench.sent.length = 0;
        bench.run(1000);
        expect(bench.sentOf("gossip")).to.have.length(0);
      }
    });

    it("is not what came with a table of more members than were known: then it is we who were behind", () => {
      const claims = Array.from({ length: 50 }, (_, at) => ({
        kind: "alive" as const,
        record: recordOf(at + 100),
      }));
      const told = (bench: SwimBench) =>
        new Set(bench.sentOf("gossip").flatMap(({ message }) => message.claims.map(idOf))).size;
      const newcomer = settled(3);
      newcomer.handle({ kind: "learned", claims, from: idOfNumber(2) });
      newcomer.run(2000);
      expect(told(newcomer)).to.equal(0);
      const half = settled(60);
      half.handle({ kind: "learned", claims, from: idOfNumber(2) });
      half.run(2000);
      expect(told(half)).to.equal(50);
    });

    it("from someone unknown, or someone who knows more of itself, makes it ask for a table", () => {
      for (const [from, incarnation] of [
        [77, 0],
        [2, 3],
      ] as const) {
        const bench = settled(3);
        bench.handle({
          kind: "message",
          message: {
            kind: "gossip",
            sender: idOfNumber(from),
            version: { boot: 1, incarnation },
            claims: [],
          },
          from: { host: `host-${from}`, port: 16_379 },
        });
        bench.run(300);
        const [exchange] = bench.effectsOf("exchange");
        expect(exchange!.partner.address.host).to.equal(`host-${from}`);
      }
    });

    it("of a newer shared state makes it ask one who has it", () => {
      const bench = settled(5);
      bench.hear(2, {
        kind: "gossip",
        claims: [{ kind: "alive", record: recordOf(4, { incarnation: 1, stateVersion: 8 }) }],
      });
      bench.run(300);
      expect(bench.effectsOf("exchange")[0]!.partner.address.host).to.equal("host-4");
    });
  });
});
