import { expect } from "chai";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { crc32 } from "#torus/base/crc32.js";
import { FILE_HEAD_BYTES, type FileHead, fileHeadBytes, readFileHead } from "#torus/durability/file-head.js";
import {
  emptyFrame,
  FRAME_HEAD_BYTES,
  FRAME_SEAL,
  FRAME_WHOLE,
  isPayloadSound,
  readFrameHead,
  writeFrameHead,
} from "#torus/durability/frames.js";

const SALT = 0xdeadbeef;

describe("a frame", () => {
  const payload = Buffer.from("batches");
  const head = {
    kind: FRAME_WHOLE,
    length: payload.length,
    position: 2 ** 40 + 5,
    durable: 2 ** 40 + 3,
    payloadCheck: crc32(payload, 0, payload.length, SALT),
  };
  const writer = new ByteWriter({ bytesMax: 100 });
  writer.u8(7);
  writeFrameHead(writer, head, SALT);
  writer.range({ bytes: payload, start: 0, end: payload.length });
  const bytes = Buffer.from(writer.written());
  const read = (from: Buffer, salt = SALT) => readFrameHead(from, { at: 1, end: from.length, salt });
  const isSound = (from: Buffer) =>
    isPayloadSound(from, { at: 1 + FRAME_HEAD_BYTES, frame: head, salt: SALT, checksum: crc32 });

  it("is read as it was written", () => {
    expect(read(bytes)).deep.equal(head);
    expect(isSound(bytes)).equal(true);
  });

  it("is none under another salt, and so in no other file", () => {
    expect(read(bytes, SALT + 1)).equal(undefined);
  });

  it("is none when it is cut within its head", () => {
    for (let end = 1; end < 1 + FRAME_HEAD_BYTES; end++) {
      expect(readFrameHead(bytes, { at: 1, end, salt: SALT })).equal(undefined);
    }
  });

  it("betrays every flipped bit: of its head by not being there, of its payload by that alone", () => {
    for (let bit = 8; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >>> 3]! ^= 1 << (bit & 7);
      const isInHead = bit >>> 3 < 1 + FRAME_HEAD_BYTES;
      if (isInHead) expect(read(damaged), `bit ${bit}`).equal(undefined);
      else expect(read(damaged)).deep.equal(head);
      expect(isSound(damaged)).equal(isInHead);
    }
  });

  it("may be empty", () => {
    const seal = emptyFrame(FRAME_SEAL, { position: 12, durable: 10, salt: SALT });
    expect(seal.length).equal(FRAME_HEAD_BYTES);
    const frame = readFrameHead(seal, { at: 0, end: seal.length, salt: SALT })!;
    expect(frame).include({ kind: FRAME_SEAL, length: 0, position: 12, durable: 10 });
    expect(isPayloadSound(seal, { at: seal.length, frame, salt: SALT, checksum: crc32 })).equal(true);
  });

  it("is nowhere in zeros", () => {
    const zeros = Buffer.alloc(100);
    for (let at = 0; at < 100; at++)
      expect(readFrameHead(zeros, { at, end: 100, salt: SALT })).equal(undefined);
  });
});

describe("the head of a file", () => {
  const head: FileHead = {
    magic: "TORUSLOG",
    salt: SALT,
    sequence: 3,
    position: 2 ** 41 + 1,
    durable: 2 ** 41,
  };
  const bytes = fileHeadBytes(head);

  it("is read as it was written", () => {
    expect(bytes.length).equal(FILE_HEAD_BYTES);
    expect(readFileHead(Buffer.concat([bytes, Buffer.alloc(9, 1)]), "TORUSLOG")).deep.equal({
      kind: "head",
      head,
    });
  });

  it("is blank where a file was never begun", () => {
    for (const length of [0, 1, FILE_HEAD_BYTES, 100]) {
      expect(readFileHead(Buffer.alloc(length), "TORUSLOG")).deep.equal({ kind: "blank" });
    }
  });

  it("is damaged when it is cut anywhere", () => {
    for (let end = 1; end < FILE_HEAD_BYTES; end++) {
      expect(readFileHead(bytes.subarray(0, end), "TORUSLOG").kind).equal("damaged");
    }
  });

  it("is damaged when any bit is flipped", () => {
    for (let bit = 0; bit < FILE_HEAD_BYTES * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >>> 3]! ^= 1 << (bit & 7);
      expect(readFileHead(damaged, "TORUSLOG").kind, `bit ${bit}`).equal("damaged");
    }
  });

  it("tells a newer format, and a file of another kind, from damage", () => {
    const newer = Buffer.from(bytes);
    newer[8] = 2;
    newer.writeUInt32LE(crc32(newer, 0, FILE_HEAD_BYTES - 4), FILE_HEAD_BYTES - 4);
    expect(readFileHead(newer, "TORUSLOG")).deep.equal({
      kind: "newer",
      reason: "format 2 is not known: this program writes 1",
    });
    expect(readFileHead(bytes, "TORUSSNP")).deep.equal({
      kind: "damaged",
      reason: "it does not begin with TORUSSNP",
    });
  });
});
