import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { Prng } from "#torus/base/prng.js";
import { nodeCipher } from "#torus/host/node/cipher.js";
import type { World } from "#torus/host/sim/world.js";
import { Envelope, type Flaw } from "#torus/membership/envelope.js";
import { writeMessage } from "#torus/membership/message-codec.js";
import { presets } from "#torus/membership/presets.js";
import {
  CLUSTER_ID,
  CLUSTER_PORT,
  formedCluster,
  idOfNumber,
  recordOf,
  SimMember,
} from "../support/sim-member.js";
import { worldOf } from "../support/world.js";

const MINUTE_MS = 60_000;

describe("members on simulated hosts", () => {
  let world: World;

  beforeEach(() => {
    world = worldOf(1);
  });

  /** Lets time pass until it holds; answers how long that took. Fails after ten minutes. */
  async function until(what: string, holds: () => boolean): Promise<number> {
    const startMs = world.nowMs;
    while (!holds()) {
      if (world.nowMs - startMs > 10 * MINUTE_MS) throw new Error(`waited in vain for: ${what}`);
      await world.advance(20);
    }
    return world.nowMs - startMs;
  }

  const start = (number: number, options = {}) => SimMember.start(world, number, options);
  const agree = (members: readonly SimMember[], present: readonly number[]) =>
    members.every((member) => member.present.join() === present.join());

  describe("joining", () => {
    it("takes one address of one member: soon all know each other, and belong to one cluster", async () => {
      const founder = await start(1);
      await world.advance(100);
      const others = [await start(2, { seeds: ["host-1"] }), await start(3, { seeds: ["host-2"] })];
      const all = [founder, ...others];
      const tookMs = await until("one cluster of three", () => agree(all, [1, 2, 3]));
      expect(tookMs).to.be.below(3000);
      expect(founder.isFounder).to.equal(true);
      for (const member of all) expect(member.clusterId).to.equal(founder.clusterId);
      expect(others.map(({ isFounder }) => isFounder)).to.deep.equal([false, false]);
    });

    it("works for fifty that start at once with one list of seeds, of whom the first founds the cluster", async () => {
      const seeds = ["host-1", "host-2", "host-3"];
      const numbers = Array.from({ length: 50 }, (_, at) => at + 1);
      const all = await Promise.all(numbers.map((number) => start(number, { seeds })));
      await until("one cluster of fifty", () => agree(all, numbers));
      expect(all.filter(({ isFounder }) => isFounder).map(({ number }) => number)).to.deep.equal([1]);
      expect(new Set(all.map(({ clusterId }) => clusterId)).size).to.equal(1);
    });

    it("waits for its seeds for ever", async () => {
      const late = await start(2, { seeds: ["host-1"] });
      await world.advance(60 * MINUTE_MS);
      expect(late.clusterId).to.equal(undefined);
      const [silence, ...more] = late.host.log.lines.filter(({ level }) => level === "warn");
      expect(silence).to.deep.include({ message: "a seed does not answer: it is asked until one does" });
      expect(silence!.values.seed).to.equal("host-1:16379");
      expect(more.length).to.be.below(60);
      const seed = await start(1);
      await until("the late one joined", () => agree([seed, late], [1, 2]));
    });

    it("gives members the state that they share, and every change of it later", async () => {
      const founder = await start(1);
      founder.state.set(7, "seven");
      const others = [await start(2, { seeds: ["host-1"] }), await start(3, { seeds: ["host-1"] })];
      await until("all have it", () => others.every(({ state }) => state.text === "seven"));
      others[1]!.state.set(8, "eight");
      await until("all have the next", () =>
        [founder, ...others].every(({ state }) => state.text === "eight"),
      );
      await world.advance(MINUTE_MS);
      for (const { state } of [founder, ...others]) expect(state.version).to.equal(8);
      expect(founder.state.offers).to.deep.equal(["eight"]);
    });

    it("gives one of two with the same origin another one", async () => {
      const founder = await start(1, { record: { origin: 77 } });
      const joiner = await start(2, { seeds: ["host-1"], record: { origin: 77, lifecycle: "joining" } });
      await until("they differ", () => joiner.record.origin !== 77);
      await until("all know", () => {
        return founder.gossiper.table.get(joiner.record.id)?.record.origin === joiner.record.origin;
      });
      expect(founder.record.origin).to.equal(77);
    });

    it("is refused by another cluster, and said so", async () => {
      const one = await start(1);
      const stranger = await start(2, { clusterId: "ee".repeat(16), seeds: ["host-1"] });
      await world.advance(10_000);
      expect(stranger.refusals[0]).to.equal("host-1: other-cluster");
      expect(one.present).to.deep.equal([1]);
      expect(one.gossiper.counters.dropped["other-cluster"]).to.be.greaterThan(0);
    });
  });

  describe("failing", () => {
    it("is known to all within a few seconds after a crash, and so is the return under another address", async () => {
      const all = await formedCluster(world, 5);
      await world.advance(5000);
      world.crash("host-4");
      const rest = all.filter(({ number }) => number !== 4);
      expect(await until("dead", () => rest.every((member) => member.viewOf(4) === "dead"))).to.be.below(
        5000,
      );
      const record = { ...recordOf(4), boot: 2, host: "host-44" };
      const back = await start(44, {
        clusterId: CLUSTER_ID,
        record,
        members: all.map(({ record: known }) => known),
      });
      const every = [...rest, back];
      expect(await until("back", () => agree(every, [1, 2, 3, 4, 5]))).to.be.below(5000);
      for (const member of rest) {
        expect(member.gossiper.table.get(idOfNumber(4))!.record.host).to.equal("host-44");
      }
    });

    it("is not declared of a node that one other alone cannot reach", async () => {
      const all = await formedCluster(world, 5);
      world.partition(["host-1"], ["host-2"]);
      await world.advance(10 * MINUTE_MS);
      for (const { heard } of all) expect(heard.filter((line) => line.startsWith("dead"))).to.deep.equal([]);
    });

    it("splits a cluster in two where the network is, and both find each other again after any time", async () => {
      const all = await formedCluster(world, 7);
      const [some, others] = [all.slice(0, 3), all.slice(3)];
      const hosts = (members: SimMember[]) => members.map(({ host }) => host.name);
      world.partition(hosts(some), hosts(others));
      await until("split", () => agree(some, [1, 2, 3]) && agree(others, [4, 5, 6, 7]));
      await world.advance(60 * MINUTE_MS);
      world.heal();
      const tookMs = await until("whole", () => agree(all, [1, 2, 3, 4, 5, 6, 7]));
      expect(tookMs).to.be.below(30_000);
    });

    it("heals where only one way was cut", async () => {
      const all = await formedCluster(world, 5);
      const others = ["host-1", "host-2", "host-3", "host-4"];
      world.cut(["host-5"], others);
      await until("5 is dead", () => all.slice(0, 4).every((member) => member.viewOf(5) === "dead"));
      world.heal();
      await until("whole", () => agree(all, [1, 2, 3, 4, 5]));
    });

    it("of all at once ends well: who starts again with what it remembers finds the others", async () => {
      const all = await formedCluster(world, 3);
      await world.advance(5000);
      const members = all.map(({ record }) => record);
      for (const { host } of all) world.crash(host.name);
      await world.advance(MINUTE_MS);
      const again = await Promise.all(
        members.map(({ origin }) => start(origin, { clusterId: CLUSTER_ID, members, record: { boot: 2 } })),
      );
      await until("whole", () => agree(again, [1, 2, 3]));
    });
  });

  describe("leaving", () => {
    it("is known to all at once, and is no death", async () => {
      const all = await formedCluster(world, 5);
      await world.advance(5000);
      await world.complete(all[4]!.gossiper.leave());
      await world.complete(all[4]!.close());
      const rest = all.slice(0, 4);
      expect(rest.map((member) => member.viewOf(5))).to.deep.equal(["left", "left", "left", "left"]);
      await world.advance(MINUTE_MS);
      for (const { heard } of rest) expect(heard).to.deep.equal(["left 5"]);
    });

    it("can be declared of a dead member by anyone, and holds even where it was not heard", async () => {
      const all = await formedCluster(world, 4);
      world.crash("host-4");
      const rest = all.slice(0, 3);
      await until("dead", () => rest.every((member) => member.viewOf(4) === "dead"));
      world.partition(["host-1"], ["host-2", "host-3"]);
      rest[1]!.gossiper.forget(idOfNumber(4));
      await world.advance(10_000);
      expect(rest.map((member) => member.viewOf(4))).to.deep.equal(["dead", "forgotten", "forgotten"]);
      world.heal();
      await until("all know", () => rest[0]!.viewOf(4) === "forgotten");
    });

    it("lets a forgotten node come back only as one that joins", async () => {
      const all = await formedCluster(world, 3);
      world.partition(["host-3"], ["host-1", "host-2"]);
      await until("dead", () => all[0]!.viewOf(3) === "dead" && all[1]!.viewOf(3) === "dead");
      all[0]!.gossiper.forget(idOfNumber(3));
      await world.advance(5000);
      world.heal();
      await until("back", () => agree(all, [1, 2, 3]));
      expect(all[2]!.heard).to.include("forgotten by 1");
      for (const { gossiper } of all) {
        expect(gossiper.table.get(idOfNumber(3))!.record.lifecycle).to.equal("joining");
      }
    });
  });

  describe("slow nodes", () => {
    it("that hear nothing for a second accuse nobody afterwards", async () => {
      const all = await formedCluster(world, 5);
      await world.advance(5000);
      // Its clock jumps: for the node it is as if its loop had stood still.
      const [slow] = all;
      const before = slow!.gossiper.protocolCounters.probesFailed;
      for (let times = 0; times < 20; times++) {
        slow!.host.clock.jump(1000);
        await world.advance(3000);
      }
      expect(slow!.gossiper.protocolCounters.probesFailed - before).to.equal(0);
      for (const { heard } of all) expect(heard).to.deep.equal([]);
    });
  });

  describe("with a secret", () => {
    const secret = "correct horse battery staple";

    it("find each other, and others find nothing to read in what they send", async () => {
      const heard: Uint8Array[] = [];
      await world.host("spy").datagrams.bind({ host: "0.0.0.0", port: CLUSTER_PORT }, (bytes) => {
        heard.push(Uint8Array.from(bytes));
      });
      // It counts as a member, so it is sent what members are sent.
      const spy = recordOf(3, { host: "spy" });
      const founder = await start(1, { secret, members: [spy] });
      const other = await start(2, { secret, seeds: ["host-1"] });
      await until("both know each other", () => founder.viewOf(2) === "alive" && other.viewOf(1) === "alive");
      await until("the spy was sent something", () => heard.length > 10);
      for (const bytes of heard) expect(Buffer.from(bytes).includes("node-")).to.equal(false);
    });

    it("refuse who has another or none, and both sides log it, once in a while", async () => {
      const founder = await start(1, { secret });
      const wrong = await start(2, { secret: "another", seeds: ["host-1"] });
      const none = await start(3, { seeds: ["host-1"] });
      await world.advance(30 * MINUTE_MS);
      for (const outsider of [wrong, none]) {
        expect(outsider.clusterId).to.equal(undefined);
        expect(new Set(outsider.refusals)).to.deep.equal(new Set(["host-1: secret"]));
        const warnings = outsider.host.log.lines.filter(({ level }) => level === "warn");
        expect(warnings.length).to.be.within(1, 30);
        expect(warnings[0]!.message).to.equal("a node refused to exchange state with us");
        expect(warnings[0]!.values.reason).to.contain("another cluster-secret");
      }
      const { dropped } = founder.gossiper.counters;
      expect(dropped.unauthentic).to.be.greaterThan(30);
      expect(dropped.unsealed).to.be.greaterThan(30);
      const warnings = founder.host.log.lines.filter(({ level }) => level === "warn");
      expect(warnings.length).to.be.within(1, 31);
      expect(warnings[0]!.values.from).to.match(/^[\d.]+:\d+$/);
      expect(founder.present).to.deep.equal([1]);
    });

    it("drop datagrams of members of the same cluster that have another, and log it", async () => {
      const members = [recordOf(1), recordOf(2)];
      const one = await start(1, { secret, clusterId: CLUSTER_ID, members });
      await start(2, { secret: "another", clusterId: CLUSTER_ID, members });
      await until("dead", () => one.viewOf(2) === "dead");
      expect(one.gossiper.counters.dropped.unauthentic).to.be.greaterThan(0);
      expect(one.host.log.lines.some(({ message }) => message.includes("another cluster-secret"))).to.equal(
        true,
      );
    });
  });

  describe("bad input", () => {
    /** What a member is, but for its counters of datagrams. */
    function condition({ gossiper, heard }: SimMember): unknown {
      const members = [...gossiper.table.members].map(({ record, status }) => ({ record, status }));
      const { misdirected, suspicions, refutations } = gossiper.protocolCounters;
      return { members, heard, misdirected, suspicions, refutations, slowness: gossiper.slowness };
    }

    it("on the datagram port, a hundred thousand random and damaged messages, changes nothing but counters", async () => {
      const all = await formedCluster(world, 3);
      await world.advance(5000);
      const before = all.map(condition);
      const captured: Uint8Array[] = [];
      const socket = await world
        .host("bad")
        .datagrams.bind({ host: "0.0.0.0", port: CLUSTER_PORT }, (bytes) => {
          captured.push(Uint8Array.from(bytes));
        });
      const prng = new Prng("bad input");
      const total = 100_000;
      for (let count = 0; count < total; count++) {
        const bytes = prng.bytes(prng.below(count % 100 === 0 ? 3000 : 200));
        // Half of them come near: a known format, our cluster.
        if (bytes.length > 17 && prng.chance(0.5)) {
          bytes[0] = 1 + prng.below(2);
          bytes.set(Buffer.from(CLUSTER_ID, "hex"), 1);
        }
        socket.send(bytes, { host: "host-1", port: CLUSTER_PORT });
        if (count % 1000 === 0) await world.advance(10);
      }
      await world.advance(5000);
      const { dropped } = all[0]!.gossiper.counters;
      const sum = (Object.keys(dropped) as Flaw[]).reduce((count, flaw) => count + dropped[flaw], 0);
      expect(sum).to.equal(total);
      for (const flaw of ["damaged", "oversized", "unknown-format", "unauthentic"] as const) {
        expect(dropped[flaw], flaw).to.be.greaterThan(100);
      }
      expect(all.map(condition)).to.deep.equal(before);
      expect(captured, "nothing is answered").to.deep.equal([]);
    });

    it("on streams closes them, and changes nothing", async () => {
      const all = await formedCluster(world, 2);
      await world.advance(5000);
      const before = all.map(condition);
      const prng = new Prng("bad streams");
      for (let count = 0; count < 300; count++) {
        const client = await world.connect("bad", { host: "host-1", port: CLUSTER_PORT });
        const bytes = Buffer.from(prng.bytes(8 + prng.below(300)));
        if (prng.chance(0.7)) {
          bytes.write("TKVX", 0, "latin1");
          bytes.writeUInt32LE(prng.chance(0.8) ? bytes.length - 8 : prng.uint32(), 4);
        }
        client.send(bytes);
        client.connection.close();
        await client.readToEnd();
      }
      await world.advance(10_000);
      expect(all.map(condition)).to.deep.equal(before);
      expect(all[0]!.gossiper.counters.exchangesAnswered).to.be.greaterThan(100);
    });

    it("of a flood of real pings is answered within bounds", async () => {
      const all = await formedCluster(world, 2);
      await world.advance(5000);
      const socket = await world
        .host("bad")
        .datagrams.bind({ host: "0.0.0.0", port: CLUSTER_PORT }, () => {});
      const envelope = new Envelope({
        cipher: nodeCipher,
        random: new Prng(1),
        checksum: crc32,
        key: undefined,
        bytesMax: 1400,
      });
      const ping = envelope.wrap(CLUSTER_ID, (to) =>
        writeMessage(to, {
          kind: "ping",
          sender: idOfNumber(2),
          version: { boot: 1, incarnation: 0 },
          target: idOfNumber(1),
          sequence: 1,
          claims: [],
        }),
      );
      const { counters } = all[0]!.gossiper;
      const [sentBefore, suppressedBefore] = [counters.datagramsSent, counters.datagramsSuppressed];
      for (let count = 0; count < 20_000; count++) socket.send(ping, { host: "host-1", port: CLUSTER_PORT });
      await world.advance(1000);
      expect(counters.datagramsSent - sentBefore).to.be.within(900, 2100);
      expect(counters.datagramsSuppressed - suppressedBefore).to.be.greaterThan(17_000);
      await world.advance(10_000);
      expect(all[0]!.present).to.deep.equal([1, 2]);
    });
  });

  it("do the same for the same seed", async () => {
    const run = async () => {
      const each = worldOf(9);
      each.disturbDatagrams({ loss: 0.05, duplication: 0.05, straggling: 0.05, straggleMs: 300 });
      const all = await formedCluster(each, 10, { timings: presets.local, secret: "s" });
      await each.advance(10_000);
      each.crash("host-3");
      await each.advance(10_000);
      return { trace: each.traceHash, heard: all.map(({ heard }) => heard) };
    };
    expect(await run()).to.deep.equal(await run());
  });
});
