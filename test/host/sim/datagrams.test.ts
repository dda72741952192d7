import { expect } from "chai";
import type { World } from "#torus/host/sim/world.js";
import { worldOf } from "../../support/world.js";
import { itKeepsTheDatagramsContract } from "../datagrams-contract.js";

describe("the simulated datagrams", () => {
  itKeepsTheDatagramsContract(() => {
    const world = worldOf(1);
    return { datagrams: world.host("a").datagrams, settle: (promise) => world.complete(promise) };
  });

  const PORT = 16379;
  const COUNT = 2000;

  /** Sends numbered datagrams from a to b, one a millisecond, and answers the numbers in the order of arrival. */
  async function stream(world: World): Promise<number[]> {
    const arrived: number[] = [];
    await world.host("b").datagrams.bind({ host: "0.0.0.0", port: PORT }, (bytes, from) => {
      expect(from.host).to.equal(world.host("a").address);
      arrived.push(Buffer.from(bytes).readUInt32LE());
    });
    const sender = await world.host("a").datagrams.bind({ host: "0.0.0.0", port: PORT }, () => {});
    for (let number = 0; number < COUNT; number++) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(number);
      sender.send(bytes, { host: "b", port: PORT });
      await world.advance(1);
    }
    await world.settle();
    return arrived;
  }

  const distinct = (numbers: number[]) => new Set(numbers).size;

  it("arrive once and in order without faults, a millisecond apart", async () => {
    const arrived = await stream(worldOf(1));
    expect(arrived).to.deep.equal(Array.from({ length: COUNT }, (_, number) => number));
  });

  it("are lost, doubled and overtaken as often as is asked for, and equally for a seed", async () => {
    const run = async (seed: number) => {
      const world = worldOf(seed);
      world.disturbDatagrams({ loss: 0.1, duplication: 0.05, straggling: 0.02, straggleMs: 50 });
      const arrived = await stream(world);
      return { arrived, trace: world.traceHash };
    };
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    const { arrived } = first;
    expect(distinct(arrived)).to.be.within(COUNT * 0.87, COUNT * 0.93);
    expect(arrived.length - distinct(arrived)).to.be.within(COUNT * 0.03, COUNT * 0.06);
    const overtaken = arrived.filter((number, at) => at > 0 && number < arrived[at - 1]!).length;
    expect(overtaken).to.be.within(COUNT * 0.01, COUNT * 0.04);
    expect(again).to.deep.equal(first);
    expect(other.trace).to.not.equal(first.trace);
  });

  it("are lost on a cut way only, and not kept for when it is mended", async () => {
    const world = worldOf(1);
    world.cut(["b"], ["a"]);
    expect(await stream(world)).to.have.length(COUNT);
    const cut = worldOf(1);
    cut.cut(["a"], ["b"]);
    const arrived = await stream(cut);
    cut.heal();
    await cut.advance(1000);
    expect(arrived).to.deep.equal([]);
  });

  it("reach the next process on a machine where one crashed, and none before", async () => {
    const world = worldOf(1);
    const address = { host: "0.0.0.0", port: PORT };
    const heard: string[] = [];
    const hear = (by: string) => (bytes: Uint8Array) =>
      void heard.push(`${by} ${Buffer.from(bytes).toString("latin1")}`);
    const sender = await world.host("a").datagrams.bind(address, () => {});
    const say = async (text: string) => {
      sender.send(Buffer.from(text), { host: "b", port: PORT });
      await world.settle();
    };
    const first = await world.host("b").datagrams.bind(address, hear("first"));
    await say("1");
    world.crash("b");
    await say("2");
    await world.host("b").datagrams.bind(address, hear("second"));
    first.send(Buffer.from("from the grave"), { host: "b", port: PORT });
    await say("3");
    expect(heard).to.deep.equal(["first 1", "second 3"]);
  });

  it("are counted as they are sent", async () => {
    const world = worldOf(1);
    world.disturbDatagrams({ loss: 1 });
    expect(await stream(world)).to.deep.equal([]);
    expect(world.datagramTraffic).to.deep.equal({ datagrams: COUNT, bytes: 4 * COUNT });
  });
});
