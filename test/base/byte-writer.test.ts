import { expect } from "chai";
import fc from "fast-check";
import { ByteReader } from "#torus/base/byte-reader.js";
import { ByteWriter, WriterFull } from "#torus/base/byte-writer.js";
import { rangeOf } from "#torus/base/bytes.js";

type Step =
  | { readonly form: "u8" | "u16" | "u32" | "u64" | "varint"; readonly value: number }
  | { readonly form: "sized"; readonly value: Uint8Array };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ form: fc.constant("u8" as const), value: fc.nat(0xff) }),
  fc.record({ form: fc.constant("u16" as const), value: fc.nat(0xffff) }),
  fc.record({ form: fc.constant("u32" as const), value: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
  fc.record({ form: fc.constantFrom("u64", "varint"), value: fc.maxSafeNat() }),
  fc.record({ form: fc.constant("sized" as const), value: fc.uint8Array({ maxLength: 100 }) }),
);

function write(writer: ByteWriter, step: Step): void {
  if (step.form === "sized") writer.sized(rangeOf(step.value));
  else writer[step.form](step.value);
}

describe("byte writer and reader", () => {
  it("write and read integers in little-endian order", () => {
    const writer = new ByteWriter({ bytesMax: 100 });
    writer.u8(0x01);
    writer.u16(0x0203);
    writer.u32(0x84050607);
    writer.u64(0x0008090a0b0c0d0e);
    expect(writer.written().toString("hex")).equal("01" + "0302" + "07060584" + "0e0d0c0b0a090800");
  });

  it("read back everything that was written, however often the writer grew", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const writer = new ByteWriter({ capacityBytes: 1, bytesMax: 1e5 });
        for (const each of steps) write(writer, each);
        const reader = new ByteReader(rangeOf(writer.written()));
        for (const { form, value } of steps) {
          if (form === "sized") expect(Buffer.from(reader.sized())).deep.equal(Buffer.from(value));
          else expect(reader[form]()).equal(value);
        }
        expect(reader.failed).equal(false);
        expect(reader.remaining).equal(0);
      }),
    );
  });

  it("give a buffer back that grew beyond what is kept", () => {
    const writer = new ByteWriter({ capacityBytes: 8, bytesMax: 1e5, bytesKeptMax: 64 });
    for (const [count, kept] of [
      [64, 64],
      [65, 8],
      [8, 8],
    ] as const) {
      writer.range(rangeOf(new Uint8Array(count)));
      writer.clear();
      expect(writer.bytes.length).to.equal(kept);
      expect(writer.length).to.equal(0);
    }
  });

  it("fail, and answer nothing more, at every place where the bytes may end", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), (steps) => {
        const writer = new ByteWriter({ bytesMax: 1e5 });
        for (const each of steps) write(writer, each);
        for (let end = 0; end < writer.length; end++) {
          const reader = new ByteReader({ bytes: writer.bytes, start: 0, end });
          for (const { form } of steps) reader[form]();
          expect(reader.failed).equal(true);
          expect(reader.remaining).equal(0);
          expect(reader.u32()).equal(0);
          expect(reader.sized()).lengthOf(0);
        }
      }),
    );
  });

  it("refuse integers beyond the safe ones and varints that are not in the shortest form", () => {
    const read = (form: "u64" | "varint", hex: string) => {
      const reader = new ByteReader(rangeOf(Buffer.from(hex, "hex")));
      return { value: reader[form](), failed: reader.failed };
    };
    expect(read("u64", "ffffffffffff1f00")).deep.equal({ value: Number.MAX_SAFE_INTEGER, failed: false });
    expect(read("u64", "0000000000002000")).deep.equal({ value: 0, failed: true });
    expect(read("u64", "00000000000000ff")).deep.equal({ value: 0, failed: true });
    expect(read("varint", "ffffffffffffff0f")).deep.equal({ value: Number.MAX_SAFE_INTEGER, failed: false });
    expect(read("varint", "8080808080808010")).deep.equal({ value: 0, failed: true });
    expect(read("varint", "ffffffffffffffff01")).deep.equal({ value: 0, failed: true });
    expect(read("varint", "00")).deep.equal({ value: 0, failed: false });
    expect(read("varint", "8000")).deep.equal({ value: 0, failed: true });
  });

  it("hold no more than they are allowed, and keep what they had", () => {
    const writer = new ByteWriter({ bytesMax: 5 });
    writer.u32(7);
    expect(() => writer.u16(1)).throw(WriterFull, "6 bytes exceed the 5 allowed");
    writer.u8(1);
    expect(writer.written().toString("hex")).equal("0700000001");
    writer.clear();
    expect(writer.written()).lengthOf(0);
  });

  it("overwrite what was written without moving the end", () => {
    const writer = new ByteWriter({ bytesMax: 100 });
    writer.u32(0);
    writer.u16(0x0102);
    writer.patchU32(0, 0xfffefdfc);
    expect(writer.written().toString("hex")).equal("fcfdfeff0201");
  });
});
