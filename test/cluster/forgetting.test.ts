import { expect } from "chai";
import { slotOfKey } from "../support/repair-owners.js";
import { ReplicatedNodes } from "../support/replicated-nodes.js";

const KEYS = Array.from({ length: 60 }, (_, i) => `key:${i}`);

/** Nodes of a cluster with three copies of each key that die and do not come back. */
describe("forgetting dead members where there are copies", () => {
  let nodes: ReplicatedNodes;

  beforeEach(async () => {
    nodes = await ReplicatedNodes.start(5);
    for (const key of KEYS) await nodes.call("n1", "SET", key, `value of ${key}`);
    await nodes.world.advance(1000);
  });
  afterEach(() => nodes.close());

  it("takes out two that died at once, one told after the other, and loses nothing", async () => {
    await die("n4", "n5");
    const before = nodes.viewOf("n1").placement!;
    expect(await forget("n4")).to.equal("OK");
    // It needs a word of the other one, and is not given up for all that time.
    await nodes.world.advance(20_000);
    expect(nodes.viewOf("n1").placement).to.deep.equal(before);
    expect(await forget("n5")).to.equal("OK");
    await untilOnly("n1", "n2", "n3");
    await expectAll(KEYS);
  });

  it("remembers whom it was told to forget over a crash", async () => {
    await die("n4", "n5");
    expect(await forget("n4")).to.equal("OK");
    nodes.fleet.crash("n1", true);
    await nodes.world.advance(15_000);
    await nodes.restart("n1");
    await nodes.until(async () => (await forgetBy("n2", "n5")) === "OK");
    await untilOnly("n1", "n2", "n3");
    await expectAll(KEYS);
  });

  it("takes them out together, by one change", async () => {
    await die("n1", "n4");
    const { epoch } = nodes.viewOf("n2").placement!;
    expect(await forgetBy("n2", "n1", "n4")).to.equal("OK");
    await untilOnly("n2", "n3", "n5");
    expect(nodes.viewOf("n2").placement!.epoch).to.equal(epoch + 5);
    await expectAll(KEYS, "n3");
  });

  for (const phase of ["transfer", "switch"] as const) {
    it(`goes on when another one dies while the copies of the first are made anew, in phase ${phase}`, async () => {
      await die("n5");
      expect(await forget("n5")).to.equal("OK");
      await nodes.until(() => nodes.viewOf("n2").placement!.change?.phase === phase, 1);
      await die("n4");
      expect(await forget("n4")).to.equal("OK");
      await untilOnly("n1", "n2", "n3");
      await expectAll(KEYS);
    });

    it(`finishes a join without the member that died in phase ${phase} of it`, async () => {
      nodes.fleet.add();
      await nodes.until(() => nodes.viewOf("n2").placement!.change?.phase === phase, 1);
      await die("n5");
      expect(await forget("n5")).to.equal("OK");
      await untilOnly("n1", "n2", "n3", "n4", "n6");
      await expectAll(KEYS);
    });
  }

  it("says of how many slots all owners are dead, and has to be told twice to lose them", async () => {
    await die("n3", "n4", "n5");
    const dead = ["n3", "n4", "n5"].map((name) => nodes.idOf(name));
    const isLost = (key: string) =>
      nodes
        .viewOf("n1")
        .ownersOf(slotOfKey(key))
        .every((id) => dead.includes(id));
    const { epoch } = nodes.viewOf("n1").placement!;
    const refusal = await forget("n3", "n4", "n5");
    expect(refusal).to.match(/^ERR of \d+ slots \(\d.*\) no node that is left has a copy: .* say FORCE$/);
    const count = Number(/\d+/.exec(refusal)![0]);
    expect(count).to.be.within(1000, 3000);
    // Two of them are no loss; the third one is.
    expect(await forget("n3")).to.equal("OK");
    expect(await forget("n4")).to.equal("OK");
    expect(await forget("n5")).to.match(new RegExp(`^ERR of ${count} slots`));
    expect(nodes.viewOf("n1").placement!.epoch).to.equal(epoch);
    expect(await forget("n5", "FORCE")).to.equal("OK");
    await untilOnly("n1", "n2");
    expect(KEYS.some(isLost)).to.equal(false);
    await nodes.until(async () => (await nodes.call("n1", "SET", "key", "value")) === "OK");
  });

  it("keeps in mind, and can forget, an owner that died before anybody heard more of it than that it joins", async () => {
    const joiner = nodes.fleet.add();
    const { placement: before } = nodes.viewOf("n1");
    await nodes.until(() => nodes.fleet.interiorOf(joiner) !== undefined, 1);
    const id = nodes.idOf(joiner);
    const isOwner = (name: string) =>
      nodes.viewOf(name).placement?.members.some((member) => member.id === id);
    await nodes.until(() => nodes.viewOf("n1").placement!.epoch > before!.epoch + 1, 1);
    // From now on gossip is lost, and with it what the node says of itself.
    nodes.world.disturbDatagrams({ loss: 1, duplication: 0, straggling: 0 });
    await nodes.until(() => ["n1", "n2", "n3", "n4", "n5"].every((name) => isOwner(name)), 1);
    await die(joiner);
    nodes.world.disturbDatagrams({ loss: 0, duplication: 0, straggling: 0 });
    const { record, status } = nodes.viewOf("n1").member(id)!;
    expect([record.lifecycle, status]).to.deep.equal(["joining", "dead"]);
    await nodes.until(() => ["n1", "n2", "n3", "n4", "n5"].every((name) => nodes.viewOf(name).isCovered));
    const statusOf = (name: string) => nodes.viewOf(name).member(id)?.status;
    expect(
      nodes
        .viewOf("n2")
        .links()
        .some(({ nodeId }) => nodeId === id),
    ).to.equal(true);
    await nodes.world.advance(3000);
    expect(["n1", "n2", "n3"].map(statusOf)).to.deep.equal(["dead", "dead", "dead"]);
    expect(await forget(joiner)).to.equal("OK");
    await untilOnly("n1", "n2", "n3", "n4", "n5");
    await expectAll(KEYS);
  });

  it("forgets nobody who is alive, and not all", async () => {
    expect(await forget("n5")).to.match(/^ERR the node \w{32} is alive/);
    await die("n2", "n3", "n4", "n5");
    expect(await forget("n2", "n5")).to.equal("OK");
    expect(await forget("nobody")).to.equal("ERR Unknown node nobody");
  });

  /** Lets nodes end for good; resolves once another one knows. */
  async function die(...names: string[]): Promise<void> {
    for (const name of names) nodes.fleet.crash(name, false);
    const observer = nodes.fleet.serving[0]!;
    await nodes.until(() =>
      names.every((name) => nodes.viewOf(observer).member(nodes.idOf(name))?.status === "dead"),
    );
  }

  function forget(...words: string[]): Promise<string> {
    return forgetBy(nodes.fleet.serving[0]!, ...words);
  }

  /** Resolves with the reply, be it an error. */
  function forgetBy(by: string, ...words: string[]): Promise<string> {
    const args = words.map((word) => (/^n\d$/.test(word) ? nodes.idOf(word) : word));
    return nodes.call(by, "TORUS", "FORGET", ...args).then(String, (error: Error) => error.message);
  }

  async function untilOnly(...names: string[]): Promise<void> {
    await nodes.until(() =>
      names.every((name) => {
        const placement = nodes.viewOf(name).placement!;
        const ids = new Set(placement.members.map(({ id }) => id));
        const areOnly = ids.size === names.length && names.every((each) => ids.has(nodes.idOf(each)));
        return areOnly && placement.change === null && nodes.viewOf(name).missing().length === 0;
      }),
    );
  }

  /** All are there, and have so many copies as there are to be. */
  async function expectAll(keys: readonly string[], by = "n2"): Promise<void> {
    for (const key of keys) expect(await nodes.call(by, "GET", key)).to.equal(`value of ${key}`);
    await nodes.until(() => [...nodes.copiesOf(by).slotsByCopies().keys()].every((copies) => copies === 3));
  }
});
