import { expect } from "chai";
import { MEMBERS_MAX } from "#torus/membership/member-table.js";
import { presets } from "#torus/membership/presets.js";
import { idOfNumber, recordOf } from "../support/sim-member.js";
import { gone, SwimBench, settled } from "./swim-bench.js";

const { departedKeptMs, forgottenKeptMs } = presets.lan;

describe("the core of membership", () => {
  describe("members that go", () => {
    it("stay known while they are owners, whether dead for long or not, until they are forgotten", () => {
      const bench = settled(5, [4]);
      bench.run(10 * departedKeptMs);
      expect(bench.statusOf(4)).to.equal("dead");
      bench.handle({ kind: "forget", id: idOfNumber(4) });
      expect(bench.statusOf(4)).to.equal("forgotten");
      bench.run(forgottenKeptMs + 20_000);
      expect(bench.statusOf(4)).to.equal("unknown");
      expect(bench.effectsOf("dropped")).to.have.length(1);
    });

    it("are dropped after a while if they left, or died before they owned anything", () => {
      const bench = settled(5, [4]);
      const leaves = { kind: "alive" as const, record: recordOf(3, { incarnation: 1, lifecycle: "left" }) };
      const joins = { kind: "alive" as const, record: recordOf(4, { incarnation: 1, lifecycle: "joining" }) };
      bench.hear(2, { kind: "gossip", claims: [leaves, joins] });
      bench.run(departedKeptMs / 2);
      expect([bench.statusOf(3), bench.statusOf(4)]).to.deep.equal(["alive", "dead"]);
      bench.run(departedKeptMs);
      expect([bench.statusOf(3), bench.statusOf(4)]).to.deep.equal(["unknown", "unknown"]);
    });

    it("stay known if they own slots though they were last heard of as joining, for as long as they do", () => {
      const bench = settled(5, [4]);
      const joins = { kind: "alive" as const, record: recordOf(4, { incarnation: 1, lifecycle: "joining" }) };
      bench.swim.table.setOwners(new Set([idOfNumber(4)]));
      bench.hear(2, { kind: "gossip", claims: [joins] });
      bench.run(10 * departedKeptMs);
      expect(bench.statusOf(4)).to.equal("dead");
      bench.swim.table.setOwners(new Set());
      bench.run(20_000);
      expect(bench.statusOf(4)).to.equal("unknown");
    });

    it("cannot be forgotten while they take part", () => {
      const bench = settled(5);
      bench.handle({ kind: "forget", id: idOfNumber(4) });
      bench.handle({ kind: "forget", id: idOfNumber(1) });
      expect([bench.statusOf(4), bench.statusOf(1)]).to.deep.equal(["alive", "alive"]);
    });

    it("make room in a full table, and without them strangers find none", () => {
      const bench = settled(3);
      const claims = Array.from({ length: MEMBERS_MAX }, (_, at) => ({
        kind: "alive" as const,
        record: recordOf(at + 100),
      }));
      bench.handle({ kind: "learned", claims, from: idOfNumber(2) });
      expect(bench.swim.table.size).to.equal(MEMBERS_MAX);
      expect(bench.swim.counters.tableFull).to.equal(3);
      bench.hear(3, {
        kind: "gossip",
        claims: [{ kind: "alive", record: recordOf(3, { incarnation: 1, lifecycle: "left" }) }],
      });
      bench.hear(2, { kind: "gossip", claims: [{ kind: "alive", record: recordOf(99_999) }] });
      expect([bench.statusOf(3), bench.statusOf(99_999)]).to.deep.equal(["unknown", "alive"]);
    });
  });

  describe("a node", () => {
    it("founds a cluster if it is told of no other, and none while it is to join one", () => {
      const alone = new SwimBench({ clusterId: undefined });
      alone.run(1000);
      expect(alone.effectsOf("founded")).to.have.length(1);
      expect(alone.swim.clusterId).to.match(/^[0-9a-f]{32}$/);
      const joining = new SwimBench({ clusterId: undefined, seeds: [{ host: "seed-2", port: 1 }] });
      joining.run(1000);
      expect(joining.effectsOf("founded")).to.have.length(0);
      expect(joining.effectsOf("exchange")[0]!.partner.address.host).to.equal("seed-2");
    });

    it("that is joining gives up an origin that a member has, and takes a free one", () => {
      const bench = new SwimBench({ members: 5, self: { origin: 3, lifecycle: "joining" } });
      bench.run(0);
      const [taken] = bench.effectsOf("origin-taken");
      expect(taken!.by).to.equal(idOfNumber(3));
      expect(taken!.free).to.not.be.oneOf([2, 3, 4, 5]);
      bench.handle({ kind: "update", changes: { origin: taken!.free } });
      expect(bench.effectsOf("origin-taken")).to.have.length(1);
    });

    it("is told when it goes on elsewhere, and when it was forgotten", () => {
      const bench = settled(3);
      bench.hear(2, { kind: "gossip", claims: [gone("forgotten", 1, 2)] });
      expect(bench.effectsOf("forgotten")[0]!.by).to.equal(idOfNumber(2));
      expect(bench.swim.self).to.deep.include({ lifecycle: "joining", incarnation: 1 });
      bench.hear(2, { kind: "gossip", claims: [{ kind: "alive", record: recordOf(1, { boot: 2 }) }] });
      expect(bench.effectsOf("superseded")).to.have.length(1);
    });
  });
});
