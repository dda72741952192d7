import { expect } from "chai";
import type { Prng } from "#torus/base/prng.js";
import type { SimCaller } from "../support/sim-caller.js";
import type { SimNode } from "../support/sim-node.js";
import { Script } from "./script.js";

/** Commands that a member has sent without having read all their replies. */
const SCENES_AHEAD_MAX = 60;

/** One of many clients at once. It pipelines, cuts its requests anywhere, and reads when it likes. */
export class Member {
  private sessions = 0;

  constructor(
    private readonly node: SimNode,
    readonly name: string,
    private readonly prng: Prng,
  ) {}

  /** Plays scenes over one connection after the other; each breaks with the given probability. */
  async play(scenes: number, breakProbability: number): Promise<void> {
    for (let left = scenes; left > 0; ) {
      const count = Math.min(left, 1 + this.prng.below(SCENES_AHEAD_MAX));
      const isLast = this.prng.chance(breakProbability);
      await this.session(count, isLast);
      left -= count;
    }
  }

  /** A connection of its own. What it is replied must be what the script says, in order, and no more. */
  private async session(scenes: number, breaks: boolean): Promise<void> {
    const { node, prng } = this;
    const script = new Script(`${this.name}-${this.sessions++}`, prng);
    const client = await node.connect(this.name);
    const expected: string[] = [];
    const requests: Buffer[] = [];
    // Whoever has got reply i knows of so many increments.
    const incrementsKnown: number[] = [];
    for (let i = 0; i < scenes; i++) {
      const before = script.increments;
      const { request, replies } = script.next();
      requests.push(request);
      expected.push(...replies);
      incrementsKnown.push(...replies.slice(1).map(() => before), script.increments);
    }
    const sent = Buffer.concat(requests);
    await this.dribble(client, sent, breaks);
    if (breaks) await this.checkBroken(client, script, { expected, incrementsKnown });
    else await this.checkWhole(client, script, expected);
  }

  /** Sends bytes in pieces of random sizes, with random waits, reading or not. */
  private async dribble(client: SimCaller, bytes: Buffer, breaks: boolean): Promise<void> {
    const { prng, node } = this;
    const endsAt = breaks ? prng.below(bytes.length) : bytes.length;
    for (let at = 0; at < endsAt; ) {
      const length = Math.min(endsAt - at, 1 + prng.below(prng.chance(0.5) ? 20 : 20_000));
      client.sendBytes(bytes.subarray(at, at + length));
      at += length;
      if (prng.chance(0.1)) client.connection.pauseReading();
      if (prng.chance(0.2)) client.connection.resumeReading();
      if (prng.chance(0.4)) await node.world.advance(prng.float() * 20);
    }
    client.connection.resumeReading();
  }

  private async checkWhole(client: SimCaller, script: Script, expected: readonly string[]): Promise<void> {
    const replies = await client.read(expected.length);
    expect(replies).to.deep.equal(expected);
    client.send("QUIT");
    expect(await client.readToEnd()).to.deep.equal(["OK"]);
    expect(await this.counted(script)).to.equal(script.increments);
  }

  /** What came is what had to come first, and nothing was done twice. */
  private async checkBroken(
    client: SimCaller,
    script: Script,
    { expected, incrementsKnown }: { expected: readonly string[]; incrementsKnown: readonly number[] },
  ): Promise<void> {
    const { node, prng } = this;
    if (prng.chance(0.5)) client.connection.destroy();
    else node.world.resetStreams(this.name, node.host.name);
    await client.readToEnd();
    await node.world.advance(100);
    expect(client.replies).to.deep.equal(expected.slice(0, client.replies.length));
    const known = incrementsKnown[client.replies.length - 1] ?? 0;
    expect(await this.counted(script)).to.be.within(known, script.increments);
  }

  private async counted(script: Script): Promise<number> {
    return Number(await this.node.call("GET", script.counter));
  }
}
