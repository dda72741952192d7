import { expect } from "chai";
import { Run, type RunCarrier, type RunOwner } from "#torus/cluster/run.js";
import { RunWriter } from "#torus/cluster/run-writer.js";

const owner: RunOwner = {
  id: 1,
  hops: 0,
  database: 0,
  flags: 0,
  deadlineMs: 0,
  runAnswered: () => {},
  runEnded: () => {},
};
const carrier: RunCarrier = { end: () => {}, goOn: () => {} };

/** A run of one request, which are these bytes. */
function runOf(writer: RunWriter, request: string): Run {
  const run = new Run(owner, 7, carrier);
  writer.begin(run);
  writer.addRequest(run, Buffer.from(request));
  writer.end(run, 1000);
  return run;
}

const request = (letter: string, length = 20_000): string => letter.repeat(length);

describe("the writer of runs", () => {
  it("keeps the requests of a run until they are released, however many come behind", () => {
    const writer = new RunWriter();
    const kept = runOf(writer, "kept");
    for (let i = 0; i < 100; i++) writer.release(runOf(writer, request("x")));
    expect(kept.requests.toString()).to.equal("kept");
  });

  it("keeps those that are not released, whatever is released beside them and in whatever order", () => {
    const writer = new RunWriter();
    const held = new Map<string, Run>();
    for (let i = 0; i < 300; i++) {
      const text = request(String.fromCharCode(97 + (i % 26)), 1000 * (i % 90)) + i;
      held.set(text, runOf(writer, text));
      for (const [text, run] of held) {
        expect(run.requests.equals(Buffer.from(text))).to.equal(true);
        // The third part of all, old ones and new ones.
        if ((i * 7 + text.length) % 3 > 0) continue;
        writer.release(run);
        held.delete(text);
      }
    }
  });

  it("writes into the same memory again when all of it is released", () => {
    const writer = new RunWriter();
    const memory = new Set<Buffer>();
    for (let round = 0; round < 100; round++) {
      const runs = Array.from({ length: 10 }, () => runOf(writer, request("x")));
      for (const run of runs) {
        memory.add(run.block.bytes);
        writer.release(run);
      }
    }
    expect(memory.size).to.be.at.most(5);
  });

  it("does not hold on to the memory of a long one", () => {
    const writer = new RunWriter();
    const long = runOf(writer, request("x", 1_000_000));
    writer.release(long);
    expect(runOf(writer, "short").block.bytes).to.have.length(64 * 1024);
  });
});
