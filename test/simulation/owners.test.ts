import { expect } from "chai";
import { HELD } from "#torus/cluster/slot-routes.js";
import { GROUPS, Owners, slotOfKey } from "./owners.js";
import { runOwners } from "./owners-run.js";

/** `.ci/run` adds more with fewer slots, and thousands are for `npm run simulate -- owners --seeds N`. */
const SEEDS = 10;
const SEEDS_WITHOUT_FAULTS = 6;

describe("nodes that change owners of slots", () => {
  it(`lose and double nothing, agree in the end, and free what is others', in ${SEEDS} seeded runs with crashes and cuts`, async function () {
    this.timeout(600_000);
    for (let seed = 0; seed < SEEDS; seed++) await runOwners({ seed });
  });

  it(`do so without faults in ${SEEDS_WITHOUT_FAULTS} runs`, async function () {
    this.timeout(60_000);
    for (let seed = 0; seed < SEEDS_WITHOUT_FAULTS; seed++) await runOwners({ seed, faults: false });
  });

  it("grow from one to two, three and five, and shrink to one, with every key in its place", async () => {
    const owners = new Owners("growth");
    await owners.start("a", { founds: true });
    await owners.advance(50);
    for (const group of GROUPS) for (const key of group) owners.write("a", 0, "SET", key, `value of ${key}`);
    for (const joining of [["b"], ["c"], ["d", "e"]]) {
      for (const name of joining) await owners.start(name);
      await owners.settle();
      owners.judge();
      for (const group of GROUPS) owners.write("b", 0, "APPEND", group[0]!, joining[0]!);
    }
    for (const name of ["a", "c", "b", "e"]) {
      const { ownership } = owners.nodes.get(name)!;
      const left = owners.until(ownership.leave());
      expect(await left).equal(undefined);
      owners.crash(name, false);
      await owners.settle();
      owners.judge();
    }
    const { keyspace, ownership } = owners.nodes.get("d")!;
    expect(keyspace.databases[0]!.size).equal(GROUPS.flat().length);
    expect(await owners.until(ownership.leave())).match(/^ERR the last member/);
  });

  it("give up a node that dies while it is copied to, and take it when it is back", async () => {
    const owners = new Owners("in vain");
    await grown(owners, ["a", "b"]);
    await owners.start("c");
    await owners.when(() => owners.nodes.get("a")!.ownership.placement!.change?.phase === "transfer");
    owners.crash("c", true);
    await owners.advance(40_000);
    const { placement } = owners.nodes.get("a")!.ownership;
    expect(placement!.change).equal(null);
    expect(placement!.members.length).equal(2);
    owners.judge();
    await owners.start("c");
    await owners.settle();
    owners.judge();
  });

  it("finish what was begun to be handed over, whoever dies in the midst of it", async () => {
    for (const victim of ["a", "b", "c"]) {
      const owners = new Owners(`switch ${victim}`);
      await grown(owners, ["a", "b"]);
      await owners.start("c");
      await owners.when(() => (owners.nodes.get("b")!.ownership.change?.slotsDone ?? 0) > 0);
      owners.crash(victim, true);
      await owners.advance(3000);
      await owners.start(victim);
      await owners.settle();
      owners.judge();
    }
  });

  it("let slots of a forgotten member begin anew at once, and keep all others", async () => {
    const owners = new Owners("forgotten");
    await grown(owners, ["a", "b", "c"]);
    const [a, b] = [owners.nodes.get("a")!, owners.nodes.get("b")!];
    expect(await owners.until(a.ownership.forget([b.id], true))).match(/^ERR the node \w+ is alive/);
    const lost = GROUPS.filter(([key]) => b.executes(slotOfKey(key!)));
    expect(lost.length).above(0);
    owners.crash("b", false);
    expect(await owners.until(a.ownership.forget([b.id], true))).equal(undefined);
    owners.lose(lost);
    await owners.settle();
    owners.judge();
    // It comes back as a new member, and brings nothing of what it had.
    await owners.start("b");
    await owners.settle();
    owners.judge();
  });

  it("take out two that died at once, one told after the other, if they are told to lose what these had", async () => {
    const owners = new Owners("two forgotten");
    await grown(owners, ["a", "b", "c", "d"]);
    const [a, b, c] = ["a", "b", "c"].map((name) => owners.nodes.get(name)!);
    const lost = GROUPS.filter(([key]) => [b!, c!].some((node) => node.executes(slotOfKey(key!))));
    owners.crash("b", false);
    owners.crash("c", false);
    const refused = await owners.until(a!.ownership.forget([b!.id], false));
    expect(refused).match(/^ERR of \d+ slots .* no node that is left has a copy/);
    expect(await owners.until(a!.ownership.forget([b!.id], true))).equal(undefined);
    // Longer than a wish lasts that is not told again.
    await owners.advance(15_000);
    expect(a!.ownership.placement!.gone).deep.equal([]);
    expect(await owners.until(a!.ownership.forget([c!.id], true))).equal(undefined);
    owners.lose(lost);
    await owners.settle();
    owners.judge();
    for (const name of ["b", "c"]) await owners.start(name);
    await owners.settle();
    owners.judge();
  });

  it("take a node that waited for a dead member as soon as that one is forgotten", async () => {
    const owners = new Owners("replaced");
    await grown(owners, ["a", "b"]);
    const [a, b] = [owners.nodes.get("a")!, owners.nodes.get("b")!];
    const c = await owners.start("c");
    const change = () => a.ownership.placement!.change;
    await owners.when(() => change()?.node.id === c.id);
    owners.lose(GROUPS.filter(([key]) => b.executes(slotOfKey(key!))));
    owners.crash("b", false);
    expect(await owners.until(a.ownership.forget([b.id], true))).equal(undefined);
    await owners.when(() => change()?.node.id === b.id);
    await owners.when(() => change()?.node.id === c.id);
    const { epoch } = a.ownership.placement!;
    await owners.settle();
    // Handed over, done: nothing was given up and begun again.
    expect(a.ownership.placement!.epoch).equal(epoch + 2);
    owners.judge();
  });

  it("do not throw away the keys of a node that had some before it met a cluster", async () => {
    const owners = new Owners("foreign");
    await grown(owners, ["a"]);
    const b = await owners.start("b", { keys: ["mine"] });
    await owners.advance(5000);
    expect(b.ownership.placement).equal(undefined);
    expect(b.keyspace.size).equal(1);
    expect(b.routes.bySlot.every((route) => route === HELD)).equal(true);
    b.run(0, "FLUSHALL");
    await owners.settle();
    expect(b.ownership.placement!.members.length).equal(2);
  });
});

/** A cluster of those nodes with a value under every key. */
async function grown(owners: Owners, names: readonly string[]): Promise<void> {
  for (const [i, name] of names.entries()) await owners.start(name, { founds: i === 0 });
  await owners.settle();
  for (const group of GROUPS) {
    for (const [i, key] of group.entries()) {
      if (i === 0) owners.write("a", 0, "SET", key, "x".repeat(70_000));
      else owners.write("a", 1, "HSET", key, "field", key);
    }
  }
  await owners.advance(100);
}
