import { expect } from "chai";
import fc from "fast-check";
import { ByteWriter, WriterFull } from "#torus/base/byte-writer.js";
import { rangeOf } from "#torus/base/bytes.js";
import { writeCrc64 } from "#torus/rdb/crc64.js";
import { Items } from "#torus/rdb/items.js";
import { ListpackWriter, readListpack } from "#torus/rdb/listpack.js";
import { compress } from "#torus/rdb/lzf.js";
import { endPayload, isIntact, readPayload } from "#torus/rdb/payload.js";
import type { DumpedStream } from "#torus/rdb/stream-value.js";
import { writeLength } from "#torus/rdb/strings.js";
import type { DumpedValue } from "#torus/rdb/value.js";
import {
  beginCollection,
  beginSortedSet,
  writeElement,
  writeScored,
  writeText,
} from "#torus/rdb/value-writer.js";
import { writeStream } from "../support/dumped-streams.js";
import { payloadOf, shortString, typed, ziplist } from "./payloads.js";
import { recordedPayloads } from "./recorded-payloads.js";

const BYTES_MAX = 2 ** 24;

describe("the checksum of a dump", () => {
  it("is Jones's CRC-64", () => {
    const crc = Buffer.alloc(8);
    writeCrc64(rangeOf(Buffer.from("123456789")), crc, 0);
    expect(crc.readBigUInt64LE().toString(16)).to.equal("e9c6d914c4b8d9ca");
  });
});

describe("a listpack", () => {
  const lengths = [0, 1, 63, 64, 126, 127, 128, 4095, 4096, 16_380, 16_383, 70_000];
  const integers = [0, 127, 128, -1, 4095, -4096, 4096, 32_767, -32_768, 32_768, 8_388_607, -8_388_608];
  const wide = [
    "8388608",
    "2147483647",
    "-2147483648",
    "2147483648",
    "9223372036854775807",
    "-9223372036854775808",
  ];

  it("gives back strings of all lengths and integers of all widths", () => {
    const elements = [
      ...lengths.map((length) => "x".repeat(length)),
      ...integers.map(String),
      ...wide,
      "007",
      "-0",
    ];
    const writer = new ByteWriter({ bytesMax: BYTES_MAX });
    const listpack = new ListpackWriter(writer);
    for (const element of elements) listpack.add(Buffer.from(element), 0, element.length);
    listpack.finish();
    const items = new Items(BYTES_MAX);
    expect(readListpack(writer.written(), items)).to.equal(true);
    expect(textsOf(items)).to.deep.equal(elements);
  });

  it("is none with any bit of its frame changed, or cut anywhere", () => {
    const writer = new ByteWriter({ bytesMax: BYTES_MAX });
    const listpack = new ListpackWriter(writer);
    for (const element of ["a", "500", "bc"]) listpack.add(Buffer.from(element), 0, element.length);
    listpack.finish();
    const whole = Buffer.from(writer.written());
    for (let end = 0; end < whole.length; end++) {
      expect(readListpack(whole.subarray(0, end), new Items(BYTES_MAX)), String(end)).to.equal(false);
    }
    for (const at of [0, 1, 2, 3, 4, 5, 7, 8, 11, whole.length - 1]) {
      const bent = Buffer.from(whole);
      bent[at]! ^= 1;
      if (readListpack(bent, new Items(BYTES_MAX))) expect([7]).to.include(at, "only content may differ");
    }
  });
});

describe("a payload", () => {
  for (const { name, payload, value } of recordedPayloads) {
    it(`of redis-server is read: ${name}`, () => {
      const bytes = Buffer.from(payload, "base64");
      expect(isIntact(rangeOf(bytes))).to.equal(true);
      expect(plain(readPayload(rangeOf(bytes), BYTES_MAX))).to.deep.equal(value);
    });

    it(`of redis-server that is cut, or has one bit changed, is not intact: ${name}`, () => {
      const bytes = Buffer.from(payload, "base64");
      for (let end = 0; end < bytes.length; end += 1 + (bytes.length >> 9)) {
        expect(isIntact({ bytes, start: 0, end }), String(end)).to.equal(false);
      }
      for (let bit = 0; bit < 8 * bytes.length; bit += 1 + (bytes.length >> 7)) {
        const bent = Buffer.from(bytes);
        bent[bit >> 3]! ^= 1 << (bit & 7);
        expect(isIntact(rangeOf(bent)), String(bit)).to.equal(false);
      }
    });

    it(`of redis-server whose content is cut or bent under a right checksum is a value or none: ${name}`, () => {
      const bytes = Buffer.from(payload, "base64");
      const content = bytes.subarray(0, -10);
      for (let end = 0; end < content.length; end += 1 + (content.length >> 8)) {
        expect(readPayload(rangeOf(payloadOf(content.subarray(0, end))), BYTES_MAX), String(end)).to.equal(
          undefined,
        );
      }
      for (let at = 0; at < content.length; at += 1 + (content.length >> 8)) {
        for (const mask of [0x01, 0x80, 0xff]) {
          const bent = Buffer.from(content);
          bent[at]! ^= mask;
          plain(readPayload(rangeOf(payloadOf(bent)), BYTES_MAX));
        }
      }
    });
  }

  it("of forms that Redis had once is read", () => {
    const long = "v".repeat(300);
    const integers = [
      Buffer.of(0xf1),
      Buffer.of(0xfd),
      Buffer.of(0xfe, 0x80),
      Buffer.of(0xc0, 0x00, 0x80),
      Buffer.of(0xf0, 0x00, 0x00, 0x80),
      Buffer.of(0xd0, 0, 0, 0, 0x80),
      Buffer.of(0xe0, 0, 0, 0, 0, 0, 0, 0, 0x80),
    ];
    const digits = ["0", "12", "-128", "-32768", "-8388608", "-2147483648", "-9223372036854775808"];
    const strings = [
      Buffer.concat([Buffer.of(0x41, 0x2c), Buffer.from(long)]),
      Buffer.concat([Buffer.of(0x80, 0, 0, 1, 0x2c), Buffer.from(long)]),
      shortString("end"),
    ];
    const list = ziplist([...integers, ...strings]);
    const elements = [...digits, long, long, "end"];
    expect(readContent(typed(10, list))).to.deep.equal({ kind: "list", items: elements });
    const quicklist = Buffer.concat([
      Buffer.of(14, 2),
      typed(0, list).subarray(1),
      typed(0, list).subarray(1),
    ]);
    expect(readContent(quicklist)).to.deep.equal({ kind: "list", items: [...elements, ...elements] });
    const pair = ziplist([shortString("f"), Buffer.of(0xf2)]);
    expect(readContent(typed(13, pair))).to.deep.equal({ kind: "hash", items: ["f", "1"] });
    expect(readContent(typed(12, pair))).to.deep.equal({ kind: "sorted set", items: ["f"], scores: [1] });
    const half = ziplist([shortString("f"), shortString("-0.5"), shortString("g"), shortString("inf")]);
    expect(readContent(typed(12, half))).to.deep.equal({
      kind: "sorted set",
      items: ["f", "g"],
      scores: [-0.5, Number.POSITIVE_INFINITY],
    });
    const zipmap = Buffer.from("\x02\x01f\x01\x00v\x01g\x02\x03wwxxx\xff", "latin1");
    expect(readContent(typed(9, zipmap))).to.deep.equal({ kind: "hash", items: ["f", "v", "g", "ww"] });
    const shown = Buffer.from("\x03\x03\x01a\x031.5\x01b\xff\x01c\xfe", "latin1");
    expect(readContent(shown)).to.deep.equal({
      kind: "sorted set",
      items: ["a", "b", "c"],
      scores: [1.5, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    });
    const writer = new ByteWriter({ bytesMax: BYTES_MAX });
    const listpack = new ListpackWriter(writer);
    for (const member of ["a", "5"]) listpack.add(Buffer.from(member), 0, member.length);
    listpack.finish();
    const set = payloadOf(typed(20, writer.written()), 11);
    expect(isIntact(rangeOf(set))).to.equal(true);
    expect(plain(readPayload(rangeOf(set), BYTES_MAX))).to.deep.equal({ kind: "set", items: ["a", "5"] });
  });

  it("of a stream is read in the form before Redis 7.0 and in that of 7.2, and written as it was read", () => {
    const streams = recordedPayloads.filter(({ name }) => name.endsWith("(stream)"));
    expect(streams).to.have.length(4);
    for (const { name, payload, value } of streams) {
      const dumped = readPayload(rangeOf(Buffer.from(payload, "base64")), BYTES_MAX);
      expect(
        rewritten((writer) => writeStream(writer, dumped)),
        name,
      ).to.deep.equal(value);
    }
    const { payload } = streams.find(({ name }) => name.startsWith("a stream (")) ?? streams[0]!;
    const content = Buffer.from(payload, "base64").subarray(0, -10);
    // Behind the entries: length, last id, first id, highest deleted id, how many were added, no group; each number in a byte.
    const [entries, rest] = [content.subarray(1, -9), content.subarray(-9)];
    const before = Buffer.concat([Buffer.of(15), entries, rest.subarray(0, 3), Buffer.of(0)]);
    const value = readContent(content) as { entries: unknown };
    expect(value.entries).to.have.length(8);
    expect(readContent(before)).to.deep.equal(value);
    expect(readContent(Buffer.concat([Buffer.of(21), content.subarray(1)]))).to.deep.equal(value);
  });

  it("of a later version than we know is not for us", () => {
    expect(isIntact(rangeOf(payloadOf(Buffer.from("\x00\x01a"), 12)))).to.equal(false);
  });

  it("of no value is none", () => {
    const nan = Buffer.concat([Buffer.from("\x05\x01\x01a"), Buffer.from("000000000000f87f", "hex")]);
    const wrong = [
      "",
      "\x00",
      "\x00\x02a",
      "\x00\x01ab",
      "\x02\x00",
      "\x04\x01\x01a",
      "\x06\x01a",
      "\x15\x00",
      "\x00\xc4",
      "\x03\x01\x01a\x01x",
      "\x03\x01\x01a\xfd",
      "\x03\x01\x01a\x03nan",
    ];
    for (const content of wrong)
      expect(readContent(Buffer.from(content, "latin1")), content).to.equal(undefined);
    expect(readContent(nan)).to.equal(undefined);
    expect(readContent(typed(11, Buffer.from("02000000020000000200010000", "hex")))).to.equal(undefined);
    expect(readContent(typed(11, Buffer.from("0200000002000000020001", "hex")))).to.equal(undefined);
  });

  it("takes no memory for counts and lengths that nothing stands behind", () => {
    for (const type of [1, 2, 3, 4, 5, 14, 18]) {
      expect(readContent(Buffer.concat([Buffer.of(type), HUGE])), String(type)).to.equal(undefined);
    }
    expect(readContent(Buffer.concat([Buffer.of(0), HUGE]))).to.equal(undefined);
    expect(readContent(Buffer.concat([Buffer.of(0, 0xc3, 1), HUGE, Buffer.of(0)]))).to.equal(undefined);
  });

  it("that a few bytes make large is refused before it is made, in one string or in many", () => {
    const text = lzf(10_000);
    const read = (content: Uint8Array, bytesMax: number) => () =>
      readPayload(rangeOf(payloadOf(content)), bytesMax);
    expect(plain(read(Buffer.concat([Buffer.of(0), text]), 10_000)())).to.have.property("kind", "text");
    expect(read(Buffer.concat([Buffer.of(0), text]), 9999)).to.throw(WriterFull);
    // Nodes that add nothing to the value are unpacked all the same.
    const node = (bytes: Uint8Array) => Buffer.concat([Buffer.of(2), bytes]);
    const list = Buffer.concat([Buffer.of(18, 3), node(text), node(text), node(text)]);
    expect(read(list, 9999)).to.throw(WriterFull);
    const group = (name: Uint8Array) => Buffer.concat([name, Buffer.of(0, 0, 0, 0, 0)]);
    const groups = [lzf(4000, "a"), lzf(4000, "b"), lzf(4000, "c")].map(group);
    const stream = Buffer.concat([Buffer.of(19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3), ...groups]);
    expect(plain(read(stream, 12_000)())).to.have.property("kind", "stream");
    expect(read(stream, 11_999)).to.throw(WriterFull);
  });

  it("of empty elements takes memory for each of them, so that they count", () => {
    const list = Buffer.concat([Buffer.of(1, 63), Buffer.alloc(63)]);
    expect(plain(readPayload(rangeOf(payloadOf(list)), 16 * 63))).to.have.property("kind", "list");
    expect(() => readPayload(rangeOf(payloadOf(list)), 16 * 63 - 1)).to.throw(WriterFull);
  });

  it("of a stream with more groups and consumers than can be kept is refused", function () {
    this.timeout(30_000);
    const count = 2 ** 20;
    const consumers = Buffer.alloc(14 * count);
    for (let i = 0; i < count; i++) {
      consumers[14 * i] = 4;
      consumers.writeUInt32BE(i, 14 * i + 1);
    }
    const writer = new ByteWriter({ bytesMax: BYTES_MAX });
    writeLength(writer, count);
    const content = Buffer.concat([
      Buffer.from([19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0x67, 0, 0, 0, 0]),
      writer.written(),
      consumers,
    ]);
    expect(() => readPayload(rangeOf(payloadOf(content)), BYTES_MAX)).to.throw(WriterFull);
  });

  it("is read as it was written, of every type", () => {
    const string = fc.oneof(
      fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
      fc.maxSafeInteger().map((value) => Buffer.from(String(value))),
      fc.integer({ min: -200, max: 200 }).map((value) => Buffer.from(String(value))),
      fc.integer({ min: 1, max: 500 }).map((length) => Buffer.alloc(length, "ab")),
    );
    const score = fc.double({ noNaN: true });
    fc.assert(
      fc.property(
        string,
        fc.array(fc.tuple(string, score), { minLength: 1, maxLength: 20 }),
        (text, scored) => {
          expect(rewritten((writer) => writeText(writer, rangeOf(text)))).to.deep.equal({
            kind: "text",
            text: text.toString("latin1"),
          });
          const names = scored.map(([name]) => name.toString("latin1"));
          for (const kind of ["list", "set"] as const) {
            const value = rewritten((writer) => {
              beginCollection(writer, kind, scored.length);
              for (const [name] of scored) writeElement(writer, rangeOf(name));
            });
            expect(value).to.deep.equal({ kind, items: names });
          }
          const value = rewritten((writer) => {
            beginSortedSet(writer, scored.length);
            for (const [name, score] of scored) writeScored(writer, rangeOf(name), score);
          });
          expect(value).to.deep.equal({
            kind: "sorted set",
            items: names,
            scores: scored.map(([, score]) => score),
          });
        },
      ),
    );
  });
});

/** A string of so many equal bytes, as LZF has it. */
function lzf(length: number, byte = "x"): Buffer {
  const packed = compress(Buffer.alloc(length, byte), length)!;
  const writer = new ByteWriter({ bytesMax: BYTES_MAX });
  writer.u8(0xc3);
  writeLength(writer, packed.length);
  writeLength(writer, length);
  writer.range(rangeOf(packed));
  return Buffer.from(writer.written());
}

const HUGE = Buffer.from("810000ffffffffffff", "hex");

function readContent(content: Uint8Array): unknown {
  return plain(readPayload(rangeOf(payloadOf(content)), BYTES_MAX));
}

function rewritten(write: (writer: ByteWriter) => void): unknown {
  const writer = new ByteWriter({ bytesMax: BYTES_MAX });
  write(writer);
  endPayload(writer);
  expect(isIntact(rangeOf(writer.written()))).to.equal(true);
  return plain(readPayload(rangeOf(writer.written()), BYTES_MAX));
}

/** A value with its strings as text, one character a byte. */
function plain(value: DumpedValue | undefined): unknown {
  switch (value?.kind) {
    case undefined:
      return undefined;
    case "text":
      return { kind: "text", text: Buffer.from(value.bytes).toString("latin1") };
    case "list":
      return { kind: "list", items: textsOf(value.elements) };
    case "set":
      return { kind: "set", items: textsOf(value.members) };
    case "hash":
      return { kind: "hash", items: textsOf(value.fields) };
    case "sorted set":
      return { kind: "sorted set", items: textsOf(value.members), scores: [...value.scores] };
    case "stream":
      return plainStream(value.stream);
  }
}

function plainStream({ ids, fieldCounts, fields, groups, ...stream }: DumpedStream): unknown {
  const texts = textsOf(fields);
  return {
    kind: "stream",
    entries: fieldCounts.map((count, i) => [shownId(ids.view(i)), ...texts.splice(0, 2 * count)]),
    lastId: shownId(stream.lastId),
    maxDeletedId: shownId(stream.maxDeletedId),
    entriesAdded: String(stream.entriesAdded),
    groups: groups.map(({ name, lastId, entriesRead, pending, consumers }) => ({
      name: Buffer.from(name).toString("latin1"),
      lastId: shownId(lastId),
      entriesRead: String(entriesRead),
      pending: Array.from(pending, ({ id, deliveredMs, deliveries, consumer }) => [
        shownId(id),
        Buffer.from(consumers[consumer]!.name).toString("latin1"),
        deliveredMs,
        String(deliveries),
      ]),
      consumers: consumers.map(({ name, seenMs }) => [Buffer.from(name).toString("latin1"), seenMs]),
    })),
  };
}

function shownId(id: Uint8Array): string {
  const bytes = Buffer.from(id);
  return `${bytes.readBigUInt64BE()}-${bytes.readBigUInt64BE(8)}`;
}

function textsOf(items: Items): string[] {
  return Array.from({ length: items.count }, (_, i) => items.view(i).toString("latin1"));
}
