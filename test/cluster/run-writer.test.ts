import { expect } from "chai";
import fc from "fast-check";
import { Run, type RunCarrier, type RunOwner } from "#torus/cluster/run.js";
import { RunWriter } from "#torus/cluster/run-writer.js";
import { COMPLETE, RequestScanner } from "#torus/protocol/request-scanner.js";
import { splitRequests } from "#torus/protocol/request-splitter.js";
import { argumentsOf, encode } from "../protocol/scanning.js";

const owner: RunOwner = {
  id: 1,
  hops: 0,
  database: 0,
  flags: 0,
  deadlineMs: 0,
  runMarked: () => {},
  runParked: () => {},
  runAnswered: () => {},
  runEnded: () => {},
};
const carrier: RunCarrier = { extend: () => false, end: () => {}, goOn: () => {}, unpark: () => {} };

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

  it("writes requests as arrays, whatever they looked like and whichever of those beside them go elsewhere", () => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/);
    const command = fc.array(word, { minLength: 1, maxLength: 12 });
    const asArray = command.map((args) => encode(...args));
    // Such as the scanner takes, and nobody sends: inline, signs and noughts in the numbers, nothing at all in between.
    const asLine = command.map((args) => Buffer.from(`  ${args.join(" ")}\r\n`));
    const odd = fc.constantFrom(
      "*1\r\n$03\r\nabc\r\n",
      "*0\r\n",
      "*0\r\n    abc\r\n",
      "*-1\r\n   abc\r\n",
      "\r\n",
    );
    const request = fc.oneof(
      { arbitrary: asArray, weight: 6 },
      asLine,
      odd.map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(request, fc.boolean()), { maxLength: 30 }), (requests) => {
        const bytes = Buffer.concat(requests.map(([request]) => request));
        const goes = requests.map(([, goes]) => goes);
        const writer = new RunWriter();
        const run = new Run(owner, 7, carrier);
        writer.begin(run);
        const scanner = new RequestScanner();
        scanner.begin(bytes, 0, bytes.length);
        const sent: string[][] = [];
        for (let i = 0; scanner.next() === COMPLETE; i++) {
          if (!goes[i % goes.length]) continue;
          sent.push(argumentsOf(scanner));
          writer.add(run, bytes, scanner.marks, scanner.count);
        }
        writer.end(run, 1000);
        expect(run.count).to.equal(sent.length);
        bytes.fill("!");
        expect(splitRequests(run.requests).map(scanned)).to.deep.equal(sent);
      }),
    );
  });

  it("copies what lies one behind the other over the end of its memory, too", () => {
    const writer = new RunWriter();
    const requests = Array.from({ length: 5000 }, (_, i) => encode("set", `key:${i}`, "v".repeat(i % 90)));
    const bytes = Buffer.concat(requests);
    const scanner = new RequestScanner();
    scanner.begin(bytes, 0, bytes.length);
    const run = new Run(owner, 7, carrier);
    writer.begin(run);
    while (scanner.next() === COMPLETE) writer.add(run, bytes, scanner.marks, scanner.count);
    writer.end(run, 1000);
    expect(run.requests.equals(bytes)).to.equal(true);
  });
});

function scanned(request: Buffer): string[] {
  expect(request[0]).to.equal("*".charCodeAt(0));
  const scanner = new RequestScanner();
  scanner.begin(request, 0, request.length);
  expect(scanner.next()).to.equal(COMPLETE);
  return argumentsOf(scanner);
}
