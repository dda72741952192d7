import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { ready, ScratchDirectory, spawnOn, startOn } from "../support/kept-node.js";
import { NumberedWriter } from "../support/numbered-writer.js";

const ROUNDS = 50;
/** A round is killed so long after its first acknowledged write, at the latest. */
const ROUND_MS_MAX = 120;
/** Every so many starts one is killed before it is done. */
const START_KILLED_EVERY = 7;
const START_MS_MAX = 250;
/** Of commands sent at once, one connection each. */
const DEPTHS = [1, 1, 8, 32, 100];

describe("kill -9 under load with --appendfsync always", () => {
  let directory: ScratchDirectory;
  before(async () => {
    directory = await ScratchDirectory.make();
  });
  after(() => directory.remove());

  it(`loses no acknowledged write and halves no MSET in ${ROUNDS} rounds`, async function () {
    this.timeout(110_000);
    const random = new Prng(process.pid);
    const writers = DEPTHS.map((depth, i) => new NumberedWriter(`writer-${i}`, depth));
    let acknowledged = 0;
    for (let round = 0; round < ROUNDS; round++) {
      if (round % START_KILLED_EVERY === START_KILLED_EVERY - 1) await killWhileStarting(random);
      acknowledged += await killUnderLoad(writers, random);
    }
    const node = await startOn(directory.path);
    const client = await node.connect();
    for (const writer of writers) await writer.verify(client);
    await client.close();
    await node.kill();
    expect(acknowledged).to.be.greaterThan(ROUNDS * DEPTHS.length);
  });

  /** Verifies the round before, writes, and kills. Answers how many writes were acknowledged. */
  async function killUnderLoad(writers: readonly NumberedWriter[], random: Prng): Promise<number> {
    const node = await startOn(directory.path);
    const witness = await node.connect();
    for (const writer of writers) await writer.verify(witness);
    // Some rounds end within a snapshot, or while the log is cut behind one.
    if (random.below(3) === 0) expect(await witness.ask("BGREWRITEAOF")).to.contain("started");
    let count = 0;
    let killed: Promise<unknown> | undefined;
    const load = writers.map(async (writer) =>
      writer.write(await node.connect(), {
        acknowledged: () => {
          count++;
          killed ??= new Promise((resolve) => setTimeout(resolve, random.below(ROUND_MS_MAX))).then(
            node.kill,
          );
        },
      }),
    );
    await Promise.all(load);
    await killed;
    return count;
  }

  async function killWhileStarting(random: Prng): Promise<void> {
    const server = spawnOn(directory.path);
    const started = ready(server).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, random.below(START_MS_MAX)));
    await server.kill();
    await started;
  }
});
