import { expect } from "chai";
import {
  DIRECTORY_FORMAT,
  drawNodeFacts,
  NODE_FILE,
  readNodeFile,
  UnusableDirectory,
  writeNodeFile,
} from "#torus/durability/node-file.js";
import { worldOf } from "../support/world.js";

const PATH = `data/${NODE_FILE}`;

describe("node file", () => {
  it("gives back what was written, and nothing where there is none", async () => {
    const world = worldOf(1);
    const { files, random } = world.host("a");
    expect(await world.complete(readNodeFile(files, "data"))).equal(undefined);
    const facts = { ...drawNodeFacts(random), boot: 3, clockCeiling: 3_604_480_000_000_000 };
    await world.complete(writeNodeFile(files, "data", facts));
    expect(await world.complete(readNodeFile(files, "data"))).deep.equal(facts);
  });

  it("draws other facts for every directory", () => {
    const world = worldOf(1);
    const [one, other] = [drawNodeFacts(world.host("a").random), drawNodeFacts(world.host("a").random)];
    expect(one.nodeId).not.equal(other.nodeId);
    expect(one.hashSeed).not.deep.equal(other.hashSeed);
  });

  it("refuses a newer format by name, so that no old release ruins a directory", async () => {
    const error = await failureOf({ format: DIRECTORY_FORMAT + 1 });
    expect(error).instanceOf(UnusableDirectory);
    expect(error.message).match(/node\.json has format 2, written by a newer release/);
  });

  it("refuses every field that is missing or has no sense", async () => {
    for (const change of [
      { format: 0 },
      { nodeId: "x" },
      { origin: 0 },
      { origin: 65_536 },
      { boot: -1 },
      { boot: 1.5 },
      { hashSeed: [1, 2, 3] },
      { hashSeed: [0, 0, 0, 0] },
      { hashSeed: [1, 2, 3, 2 ** 32] },
      { clockCeiling: "9" },
      { clockCeiling: undefined },
      { isLogPartial: 1 },
    ]) {
      const error = await failureOf(change);
      expect(error, JSON.stringify(change)).instanceOf(UnusableDirectory);
      expect(error.message).match(/is damaged/);
    }
  });

  it("refuses a file cut anywhere", async () => {
    const world = worldOf(1);
    const { files, random } = world.host("a");
    await world.complete(writeNodeFile(files, "data", drawNodeFacts(random)));
    const text = await world.complete(files.readText(PATH));
    // The last line break is nobody's loss.
    for (let end = 0; end < text.trimEnd().length; end++) {
      await world.complete(files.replaceText(PATH, text.slice(0, end)));
      const error = await world.complete(readNodeFile(files, "data").catch((caught: unknown) => caught));
      expect(error, `cut at ${end}`).instanceOf(UnusableDirectory);
    }
  });
});

async function failureOf(change: object): Promise<Error> {
  const world = worldOf(1);
  const { files, random } = world.host("a");
  const text = JSON.stringify({ format: DIRECTORY_FORMAT, ...drawNodeFacts(random), ...change });
  await world.complete(files.replaceText(PATH, text));
  return (await world.complete(readNodeFile(files, "data").catch((caught: unknown) => caught))) as Error;
}
