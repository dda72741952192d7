import { readdirSync, readFileSync } from "node:fs";
import { needsRedis, startRedis } from "../support/redis-server.js";
import { REFERENCE_VERSION, type Target, type TargetStarter } from "../support/target.js";
import { startTorus } from "../support/torus-node.js";
import { replay } from "./replay.js";
import { parseTranscript, type Transcript, type TranscriptCase } from "./transcript.js";

/** Sources, not builds: `dist-dev/test/transcripts/` stands beside `test/transcripts/`. */
const DIRECTORY = new URL("../../../test/transcripts/", import.meta.url);

const transcripts: readonly Transcript[] = readdirSync(DIRECTORY)
  .filter((name) => name.endsWith(".txt"))
  .sort()
  .map((name) => parseTranscript(name, readFileSync(new URL(name, DIRECTORY), "utf8")));

describe("transcripts, replayed against redis-server", () => {
  before(async function () {
    await needsRedis(this, REFERENCE_VERSION);
  });
  const isOfReference = (case_: TranscriptCase) => case_.since === undefined && case_.differs === undefined;
  for (const transcript of transcripts) suite(transcript, startRedis, isOfReference);
});

describe("transcripts, replayed against a node", () => {
  for (const transcript of transcripts) suite(transcript, startTorus, () => true);
});

/** One suite a file: its cases share a server, except those that ask for options of their own. */
function suite(
  transcript: Transcript,
  start: TargetStarter,
  applies: (case_: TranscriptCase) => boolean,
): void {
  describe(transcript.file.replace(/\.txt$/, ""), () => {
    let shared: Target;
    before(async () => {
      shared = await start();
    });
    after(() => shared.close());

    for (const case_ of transcript.cases.filter(applies)) {
      it(case_.title, async () => {
        if (case_.options === undefined) return replay(shared, transcript.file, case_);
        const own = await start(case_.options);
        try {
          await replay(own, transcript.file, case_);
        } finally {
          await own.close();
        }
      });
    }
  });
}
