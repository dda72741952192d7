import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import {
  type Answer,
  readAnswer,
  readPulled,
  readQuestion,
  readRequest,
  readTold,
  writeAnswer,
  writeBatchesHead,
  writeHowFar,
  writeOpen,
  writePull,
  writePulled,
  writeTold,
} from "#torus/cluster/replication/replication-messages.js";

const NODE = "0123456789abcdef0123456789abcdef";
const PARTS = [Buffer.from("first batch "), Buffer.from("and second")];
const HEAD = { session: 7, starts: true, isWhole: false, from: 2 ** 40, to: 2 ** 40 + 22 };

const OPEN = { session: 9, end: 2 ** 41, owned: 99, continues: { boot: 4, position: 2 ** 40 } };

const RECEIVED = [
  { nodeId: NODE, boot: 3, applied: 2 ** 50, isWhole: true },
  { nodeId: NODE.replace("0", "f"), boot: 1, applied: 0, isWhole: false },
];

/** Each of its prefixes, and it with each byte changed. */
function* damagedForms(bytes: Buffer): Generator<{ readonly what: string; readonly bytes: Buffer }> {
  for (let i = 0; i < bytes.length; i++) {
    yield { what: `cut at ${i}`, bytes: bytes.subarray(0, i) };
    const changed = Buffer.from(bytes);
    changed[i]! ^= 0x04;
    yield { what: `byte ${i}`, bytes: changed };
  }
}

describe("messages of replication", () => {
  it("say what they were made of", () => {
    for (const newSlots of [[], [0, 300, 16383]]) {
      for (const continues of [undefined, { boot: 2 ** 32 - 1, position: 2 ** 50 }]) {
        const open = { session: 9, end: 2 ** 41, owned: 2 ** 32 - 2, continues, newSlots };
        const read = readRequest(writeOpen(open, crc32), crc32);
        expect(read).to.deep.equal({ kind: "open", ...open, isSound: true });
      }
    }
    const beyond = writeOpen({ ...OPEN, newSlots: [16384] }, crc32);
    expect(readRequest(beyond, crc32)).to.equal(undefined);
    for (const [starts, isWhole] of [
      [true, false],
      [false, true],
    ] as const) {
      const head = { ...HEAD, starts, isWhole };
      const bytes = Buffer.concat([writeBatchesHead(head, PARTS, crc32), ...PARTS]);
      const batches = Buffer.concat(PARTS);
      expect(readRequest(bytes, crc32)).to.deep.equal({ kind: "batches", ...head, batches, isSound: true });
    }
    const empty = { ...HEAD, to: HEAD.from };
    expect(readRequest(writeBatchesHead(empty, [], crc32), crc32)).to.deep.include({
      ...empty,
      isSound: true,
    });
  });

  it("answer what is known, and that nothing is", () => {
    const known: Answer = {
      verdict: "accepted",
      boot: 3,
      taken: 2 ** 32 - 1,
      applied: 0,
      isWhole: true,
      durable: 2 ** 45,
      isDurablyWhole: true,
    };
    const unknown: Answer = {
      verdict: "refused",
      boot: 4,
      taken: 0,
      applied: undefined,
      isWhole: false,
      durable: undefined,
      isDurablyWhole: false,
    };
    for (const answer of [known, unknown]) {
      const bytes = writeAnswer(answer);
      expect(readAnswer(bytes)).to.deep.equal(answer);
      for (let i = 0; i < bytes.length; i++) expect(readAnswer(bytes.subarray(0, i))).to.equal(undefined);
      expect(readAnswer(Buffer.concat([bytes, bytes]))).to.equal(undefined);
    }
  });

  it("ask other owners for some slots or all, and are answered", () => {
    for (const slots of [null, [0, 5, 16383]]) {
      const pull = { nodeId: NODE, boot: 12, from: 99, slots };
      const bytes = writePull(pull);
      expect(readQuestion(bytes)).to.deep.equal({ kind: "pull", ...pull });
      for (let i = 0; i < bytes.length; i++)
        expect(readQuestion(bytes.subarray(0, i)), `${i}`).to.equal(undefined);
    }
    expect(readQuestion(writePull({ nodeId: NODE, boot: 1, from: 0, slots: [16384] }))).to.equal(undefined);
    expect(readQuestion(writeHowFar())).to.deep.equal({ kind: "how far" });
    expect(readQuestion(Buffer.concat([writeHowFar(), writeHowFar()]))).to.equal(undefined);
    expect(readTold(writeTold([], crc32), crc32)).to.deep.equal([]);
    expect(readTold(writeTold(RECEIVED, crc32), crc32)).to.deep.equal(RECEIVED);
    const pulled = { isFound: true, from: 10, to: 32, end: 50 };
    expect(readPulled(writePulled(pulled, PARTS, crc32), crc32)).to.deep.equal({
      ...pulled,
      batches: Buffer.concat(PARTS),
    });
  });

  it("are found damaged wherever they are", () => {
    const requests = [
      Buffer.concat([writeBatchesHead(HEAD, PARTS, crc32), ...PARTS]),
      writeOpen({ ...OPEN, newSlots: [5, 6, 7] }, crc32),
    ];
    for (const { what, bytes } of requests.flatMap((request) => [...damagedForms(request)])) {
      expect(readRequest(bytes, crc32)?.isSound, what).not.to.equal(true);
    }
    const pulled = writePulled({ isFound: true, from: 10, to: 32, end: 50 }, PARTS, crc32);
    for (const { what, bytes } of damagedForms(pulled)) {
      expect(readPulled(bytes, crc32), what).to.equal(undefined);
    }
    for (const { what, bytes } of damagedForms(writeTold(RECEIVED, crc32))) {
      expect(readTold(bytes, crc32), what).to.equal(undefined);
    }
  });
});
