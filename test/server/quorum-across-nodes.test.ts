import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { FakeCopies } from "../support/fake-copies.js";
import type { SimCaller } from "../support/sim-caller.js";
import { keyAt, SimCluster, slotOfKey } from "../support/sim-cluster.js";
import { SimServer } from "../support/sim-server.js";

const TIMEOUT_MS = 800;
const NO_QUORUM =
  '-"NOQUORUM the write was done here but not confirmed by a majority in time: it stays and may win"';
const NO_REPLICAS = '-"NOREPLICAS not enough live owners of this slot for a quorum: nothing was done"';
const IN_DOUBT = '-"INDOUBT the write was sent to another node and its outcome is unknown"';
const OVERTAKEN =
  '-"TRYAGAIN the reply to this read was lost with a link, and later commands of this connection are replied to already"';

interface Copied {
  readonly cluster: SimCluster;
  /** By node. */
  readonly copies: readonly FakeCopies[];
}

async function start(seed: string | number): Promise<Copied> {
  const cluster = await SimCluster.start({ seed, config: { quorumTimeoutMs: TIMEOUT_MS } });
  const copies = cluster.nodes.map(({ server }) => {
    const fake = new FakeCopies(server.persistence);
    server.server.replicateBy(fake);
    return fake;
  });
  return { cluster, copies };
}

describe("A client at quorum whose commands other nodes execute", () => {
  let cluster: SimCluster;
  let copies: readonly FakeCopies[];
  let client: SimCaller;
  let here: string;
  let there: string;
  let beyond: string;
  beforeEach(async () => {
    ({ cluster, copies } = await start(1));
    client = await cluster.connect(0);
    await client.ask("TORUS", "CONSISTENCY", "quorum");
    [here, there, beyond] = [keyAt(cluster, 0), keyAt(cluster, 1), keyAt(cluster, 2)];
  });

  async function heard(act: () => void): Promise<string[]> {
    const before = client.replies.length;
    act();
    await cluster.world.advance(50);
    return client.replies.slice(before);
  }

  const replied = (...commands: string[]) =>
    heard(() => client.sendBytes(commands.map((command) => `${command}\r\n`).join("")));

  it("is told of a write when a majority has it, as the node knows that executes it", async () => {
    expect(await replied(`SET ${there} 1`)).to.deep.equal([]);
    expect(await heard(() => copies[0]!.ack())).to.deep.equal([]);
    expect(await heard(() => copies[1]!.ack())).to.deep.equal(["OK"]);
    expect(await replied("TORUS CONSISTENCY one", `SET ${there} 2`)).to.deep.equal(["OK", "OK"]);
  });

  it("gets its replies in order, whichever nodes confirm first", async () => {
    await replied(`SET ${here} 1`, `SET ${there} 1`, "TORUS CONSISTENCY one", `SET ${beyond} 1`, "PING");
    expect(client.unread).to.equal(0);
    expect(await heard(() => copies[1]!.ack())).to.deep.equal([]);
    expect(await heard(() => copies[0]!.ack())).to.deep.equal(["OK", "OK", "OK", "OK", "PONG"]);
  });

  it("is told what that node finds of majorities", async () => {
    expect(await replied(`SET ${there} 1`)).to.deep.equal([]);
    await cluster.world.advance(TIMEOUT_MS);
    expect(await client.read(1)).to.deep.equal([NO_QUORUM]);
    copies[1]!.living = 1;
    expect(await replied(`SET ${there} 2`, `SET ${there} 3`, `GET ${there}`)).to.deep.equal([
      NO_REPLICAS,
      NO_REPLICAS,
      NO_REPLICAS,
    ]);
    expect(await replied("TORUS CONSISTENCY one", `GET ${there}`)).to.deep.equal(["OK", '"1"']);
  });

  it("has its reads confirmed where they are executed", async () => {
    copies[1]!.confirmsReads = false;
    expect(await replied(`GET ${there}`, "PING")).to.deep.equal([]);
    expect(copies.map(({ asked }) => asked.length)).to.deep.equal([0, 1, 0]);
    expect(await heard(() => copies[1]!.asked[0]!.end("confirmed"))).to.deep.equal(["nil", "PONG"]);
  });

  it("has each part of a command confirmed", async () => {
    expect(await replied(`MSET ${here} 1 ${there} 2 ${beyond} 3`)).to.deep.equal([]);
    expect(await heard(() => [copies[0]!, copies[2]!].forEach((each) => void each.ack()))).to.deep.equal([]);
    expect(await heard(() => copies[1]!.ack())).to.deep.equal(["OK"]);
    expect(await replied(`MGET ${here} ${there} ${beyond}`)).to.deep.equal(['["1" "2" "3"]']);
    expect(copies.map(({ asked }) => asked.length)).to.deep.equal([1, 1, 1]);
  });

  it("is told rather that a part is in doubt than that another was not done", async () => {
    copies[0]!.living = 1;
    expect(await replied(`MSET ${here} 1 ${there} 2`)).to.deep.equal([]);
    await cluster.world.advance(TIMEOUT_MS);
    expect(client.replies.at(-1)).to.equal(NO_QUORUM);
    copies[0]!.living = 3;
    copies[0]!.ack();
    copies[1]!.ack();
    expect(await replied(`MGET ${here} ${there}`)).to.deep.equal(['[nil "2"]']);
  });

  it("has a transaction confirmed where it is executed", async () => {
    copies[1]!.confirmsReads = false;
    await replied("MULTI", `SET ${there} 1`, `GET {${there}}x`, "EXEC");
    expect(copies[1]!.asked.map(({ key }) => key)).to.deep.equal([`{${there}}x`]);
    expect(await heard(() => copies[1]!.asked[0]!.end("confirmed"))).to.deep.equal([]);
    expect(await heard(() => copies[1]!.ack())).to.deep.equal(["[OK nil]"]);
  });

  describe("when a link breaks", () => {
    /** Once it is there again, all is confirmed. */
    const breakLink = async () => {
      cluster.world.resetStreams("a", "b");
      await cluster.world.advance(500);
      await heard(() => copies[1]!.ack());
    };

    it("is not shown by a read that is asked again what came after later reads", async () => {
      await (await cluster.connect(1)).ask("SET", there, "old");
      const before = client.replies.length;
      await replied(`GET ${there}`, `INCR {${there}}n`);
      await replied("TORUS CONSISTENCY one", `GET ${there}`);
      await (await cluster.connect(1)).ask("SET", there, "new");
      expect(client.replies).to.have.length(before);
      await breakLink();
      expect(client.replies.slice(before)).to.deep.equal([OVERTAKEN, IN_DOUBT, "OK", '"old"']);
      expect(await replied(`GET ${there}`)).to.deep.equal(['"new"']);
    });

    it("is shown what is there now by a read that nothing has overtaken", async () => {
      await (await cluster.connect(1)).ask("SET", there, "old");
      const before = client.replies.length;
      await replied("TORUS CONSISTENCY one", `GET ${there}`, "TORUS CONSISTENCY quorum");
      await replied(`GET ${there}`, `INCR {${there}}n`);
      await replied("TORUS CONSISTENCY one", `GET ${beyond}`);
      await (await cluster.connect(1)).ask("SET", there, "new");
      await breakLink();
      expect(client.replies.slice(before)).to.deep.equal([
        ...["OK", '"old"', "OK"],
        ...['"new"', IN_DOUBT],
        ...["OK", "nil"],
      ]);
    });
  });

  it("waits with FLUSHALL for every node", async () => {
    await replied(
      "TORUS CONSISTENCY one",
      `MSET ${here} 1 ${there} 2 ${beyond} 3`,
      "TORUS CONSISTENCY quorum",
    );
    for (const each of copies) each.ack();
    expect(await replied("FLUSHALL")).to.deep.equal([]);
    expect(await heard(() => [copies[0]!, copies[1]!].forEach((each) => void each.ack()))).to.deep.equal([]);
    expect(await heard(() => copies[2]!.ack())).to.deep.equal(["OK"]);
  });
});

/** Commands whose replies do not depend on time. */
function scriptOf(prng: Prng): string[] {
  const tag = () => `{${"abcdefghij"[prng.below(10)]}}`;
  const makers: (() => string[])[] = [
    () => [`SET ${tag()} ${prng.below(9)}`],
    () => [`GET ${tag()}`],
    () => [`INCR ${tag()}n`],
    () => [`GET ${tag()}n`],
    () => [`MGET ${tag()} ${tag()}n ${tag()}`],
    () => [`MSET ${tag()} ${prng.below(9)} ${tag()} ${prng.below(9)}`],
    () => [`DEL ${tag()} ${tag()}`],
    () => [`TORUS CONSISTENCY ${prng.pick(["one", "quorum", "quorum"])}`],
    () => ["PING"],
    () => {
      const key = tag();
      return ["MULTI", `GET ${key}`, `SET ${key} ${prng.below(9)}`, `INCR ${key}n`, "EXEC"];
    },
    () => ["CLIENT REPLY SKIP", `SET ${tag()} ${prng.below(9)}`],
  ];
  return Array.from({ length: 1 + prng.below(12) }, () => prng.pick(makers)()).flat();
}

describe("Clients at mixed levels", () => {
  for (let seed = 1; seed <= 12; seed++) {
    it(`are replied what a lone node replies, while slots move and copies dawdle (seed ${seed})`, async () => {
      const { cluster, copies } = await start(`mixed ${seed}`);
      const lone = (await SimServer.start()).replyAtOnce();
      const prng = new Prng(`mixed levels ${seed}`);
      const caller = await cluster.connect(0);
      const reference = await lone.connect();
      for (const each of copies) each.confirmsReads = false;
      for (let round = 0; round < 25; round++) {
        const bytes = scriptOf(prng)
          .map((command) => `${command}\r\n`)
          .join("");
        caller.sendBytes(bytes);
        caller.send("ECHO", `round ${round}`);
        reference.sendBytes(bytes);
        reference.send("ECHO", `round ${round}`);
        await reference.until(() => reference.replies.at(-1) === `"round ${round}"`);
        for (let step = 0; caller.replies.at(-1) !== `"round ${round}"`; step++) {
          expect(step).to.be.below(2000);
          await cluster.world.advance(prng.below(4));
          for (const each of copies) {
            if (prng.chance(0.4)) each.ack(prng.below(2));
            if (prng.chance(0.4)) for (const { end } of each.asked.splice(0)) end("confirmed");
          }
          if (prng.chance(0.05)) {
            const moved = [..."abcdefghij"].filter(() => prng.chance(0.3)).map(slotOfKey);
            cluster.move(moved, prng.below(3));
          }
        }
        expect(caller.replies).to.deep.equal(reference.replies);
      }
      expect(cluster.nodes.flatMap(({ server }) => server.stops)).to.deep.equal([]);
    });
  }
});
