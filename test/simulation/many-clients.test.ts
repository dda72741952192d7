import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { SimNode } from "../support/sim-node.js";
import { worldOf } from "../support/world.js";
import { Member } from "./crowd.js";

describe("many clients at once", () => {
  interface Run {
    readonly trace: string;
    readonly commands: string;
    readonly endMs: number;
  }

  async function crowd(seed: number, { clients = 30, scenes = 120, breaks = 0.3 } = {}): Promise<Run> {
    const world = worldOf(seed);
    const node = await SimNode.start(world);
    const prng = new Prng(`crowd ${seed}`);
    const members = Array.from(
      { length: clients },
      (_, i) => new Member(node, `client${i}`, prng.fork(`member ${i}`)),
    );
    await Promise.all(members.map((member) => member.play(scenes, breaks)));
    const commands = await node.info("total_commands_processed");
    expect(node.stops).to.deep.equal([]);
    expect(await node.info("connected_clients")).to.equal("0");
    await node.close();
    return { trace: world.traceHash, commands, endMs: world.nowMs };
  }

  for (const seed of [1, 2, 3]) {
    it(`each get the replies of their own commands, in order (seed ${seed})`, async function () {
      this.timeout(20_000);
      const { commands } = await crowd(seed);
      expect(Number(commands)).to.be.greaterThan(3000);
    });
  }

  it("do so too when every connection breaks in the midst of requests and replies", async function () {
    this.timeout(20_000);
    await crowd(4, { breaks: 1 });
  });

  it("do the same things at the same times for the same seed, and others for another", async function () {
    this.timeout(20_000);
    const small = { clients: 8, scenes: 40 };
    const [first, again, other] = [await crowd(5, small), await crowd(5, small), await crowd(6, small)];
    expect(again).to.deep.equal(first);
    expect(other.trace).to.not.equal(first.trace);
  });
});
