import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readLog } from "#torus/durability/log-reader.js";
import { type SyncPolicy, WriteAheadLog } from "#torus/durability/write-ahead-log.js";
import { nodeChecksum } from "#torus/host/node/checksum.js";
import { nodeClock } from "#torus/host/node/clock.js";
import { nodeDisk } from "#torus/host/node/disk.js";
import { nodeRandom } from "#torus/host/node/random.js";
import { nodeTimers } from "#torus/host/node/timers.js";
import { silentLog } from "../host/silent-log.js";

describe("the write-ahead log on a real disk", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "torus-log-"));
  });

  afterEach(() => rm(directory, { recursive: true }));

  async function read(from: number) {
    const parts: string[] = [];
    const options = { disk: nodeDisk, log: silentLog, checksum: nodeChecksum, directory, from };
    const reading = await readLog(options, (bytes) => {
      parts.push(bytes.toString("latin1"));
    });
    return { ...reading, text: parts.join("") };
  }

  for (const policy of ["always", "everysec", "no"] satisfies SyncPolicy[]) {
    it(`is read as it was written, life after life, under ${policy}`, async () => {
      let expected = "";
      for (let life = 0; life < 3; life++) {
        const { text, end, nextSequence, cleanShutdown } = await read(0);
        expect(text === expected).equal(true);
        expect(cleanShutdown).equal(life > 0);
        const log = await WriteAheadLog.create({
          disk: nodeDisk,
          timers: nodeTimers,
          clock: nodeClock,
          log: silentLog,
          random: nodeRandom,
          checksum: nodeChecksum,
          directory,
          position: end,
          sequence: nextSequence,
          policy,
          segmentBytes: 100_000,
        });
        for (const length of [10, 40_000, 3, 250_000, 1000]) {
          const batch = `${life}`.repeat(length);
          log.take(Buffer.from(batch), expected.length);
          expected += batch;
        }
        await log.whenDurable(expected.length);
        expect(log.durablePosition).equal(expected.length);
        await log.close();
      }
    });
  }
});
