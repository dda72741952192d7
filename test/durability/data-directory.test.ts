import { expect } from "chai";
import { DataDirectory } from "#torus/durability/data-directory.js";
import { NODE_FILE, UnusableDirectory } from "#torus/durability/node-file.js";
import { worldOf } from "../support/world.js";

describe("data directory", () => {
  it("keeps who the node is and counts its starts, through crashes", async () => {
    const world = worldOf("starts");
    const first = await world.complete(DataDirectory.open(world.host("a"), "data"));
    expect(first.facts.boot).equal(1);
    await world.complete(first.update({ clockCeiling: 77 }));
    world.crash("a", { powerLoss: true });
    const second = await world.complete(DataDirectory.open(world.host("a"), "data"));
    expect(second.facts).deep.equal({ ...first.facts, boot: 2 });
    expect(second.facts.clockCeiling).equal(77);
  });

  it("is one process's at a time, and free when that has closed it", async () => {
    const world = worldOf("lock");
    const held = await world.complete(DataDirectory.open(world.host("a"), "data"));
    const refused = await world.complete(
      DataDirectory.open(world.host("a"), "data").catch((error: unknown) => error),
    );
    expect(refused).instanceOf(UnusableDirectory);
    expect((refused as Error).message).match(/the data directory data is in use/);
    await world.complete(held.close());
    await world.complete(DataDirectory.open(world.host("a"), "data"));
  });

  it("is left free, and its starts uncounted, if its node file cannot be used", async () => {
    const world = worldOf("damaged");
    const { files } = world.host("a");
    await world.complete(files.replaceText(`data/${NODE_FILE}`, "{"));
    for (let attempt = 0; attempt < 2; attempt++) {
      const refused = await world.complete(
        DataDirectory.open(world.host("a"), "data").catch((error: unknown) => error),
      );
      expect((refused as Error).message).match(/is damaged/);
    }
  });

  it("writes one change after the other, none lost", async () => {
    const world = worldOf("order");
    const directory = await world.complete(DataDirectory.open(world.host("a"), "data"));
    const updates = Array.from({ length: 10 }, (_, i) => directory.update({ clockCeiling: i }));
    await world.complete(Promise.all([...updates, directory.update({ origin: 9 })]));
    world.crash("a");
    const { facts } = await world.complete(DataDirectory.open(world.host("a"), "data"));
    expect(facts).include({ clockCeiling: 9, origin: 9 });
  });
});
