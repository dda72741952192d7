import { expect } from "chai";
import fc from "fast-check";
import { ReplyError } from "#torus/protocol/reply-error.js";
import { type ByteSink, ReplyWriter } from "#torus/protocol/reply-writer.js";

type Write = (writer: ReplyWriter) => void;

function written(resp: 2 | 3, write: Write): string {
  const writer = new ReplyWriter();
  writer.resp = resp;
  write(writer);
  const { byteLength } = writer;
  const bytes = Buffer.concat(writer.take());
  expect(bytes.length).to.equal(byteLength);
  return bytes.toString("latin1");
}

/** A sink that keeps what is written while `full`. */
class RecordingSink implements ByteSink {
  readonly received: Uint8Array[] = [];
  full = false;

  get pendingBytes(): number {
    return this.full ? this.received.reduce((sum, bytes) => sum + bytes.length, 0) : 0;
  }

  write(bytes: Uint8Array): boolean {
    // A sink that takes the bytes has copied them; one that keeps them has not.
    this.received.push(this.full ? bytes : Uint8Array.from(bytes));
    return !this.full;
  }

  get text(): string {
    return Buffer.concat(this.received).toString("latin1");
  }
}

describe("reply writer", () => {
  const abc = Buffer.from("xabcx");
  const cases: readonly (readonly [name: string, write: Write, resp2: string, resp3: string])[] = [
    ["ok", (w) => w.ok(), "+OK\r\n", "+OK\r\n"],
    ["simple", (w) => w.simple("QUEUED"), "+QUEUED\r\n", "+QUEUED\r\n"],
    ["error", (w) => w.error("ERR syntax error"), "-ERR syntax error\r\n", "-ERR syntax error\r\n"],
    ["error with line ends", (w) => w.error("ERR a\r\nb\xff"), "-ERR a  b\xff\r\n", "-ERR a  b\xff\r\n"],
    ["integer", (w) => w.integer(-42), ":-42\r\n", ":-42\r\n"],
    ["integer64", (w) => w.integer64(-(2n ** 63n)), ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"],
    ["bulk", (w) => w.bulk(abc, 1, 4), "$3\r\nabc\r\n", "$3\r\nabc\r\n"],
    ["empty bulk", (w) => w.bulk(abc, 1, 1), "$0\r\n\r\n", "$0\r\n\r\n"],
    ["bulkText", (w) => w.bulkText("é"), "$2\r\n\xc3\xa9\r\n", "$2\r\n\xc3\xa9\r\n"],
    [
      "bulkInteger",
      (w) => w.bulkInteger(-1234567890123),
      "$14\r\n-1234567890123\r\n",
      "$14\r\n-1234567890123\r\n",
    ],
    ["null", (w) => w.null(), "$-1\r\n", "_\r\n"],
    ["nullArray", (w) => w.nullArray(), "*-1\r\n", "_\r\n"],
    ["array", (w) => w.array(12), "*12\r\n", "*12\r\n"],
    ["emptyArray", (w) => w.emptyArray(), "*0\r\n", "*0\r\n"],
    ["map", (w) => w.map(3), "*6\r\n", "%3\r\n"],
    ["set", (w) => w.set(3), "*3\r\n", "~3\r\n"],
    ["push", (w) => w.push(3), "*3\r\n", ">3\r\n"],
    ["double", (w) => w.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"],
    ["infinity", (w) => w.double(-Infinity), "$4\r\n-inf\r\n", ",-inf\r\n"],
    ["true", (w) => w.boolean(true), ":1\r\n", "#t\r\n"],
    ["false", (w) => w.boolean(false), ":0\r\n", "#f\r\n"],
    ["verbatim", (w) => w.verbatim("é\r\n", "txt"), "$4\r\n\xc3\xa9\r\n\r\n", "=8\r\ntxt:\xc3\xa9\r\n\r\n"],
    ["raw", (w) => w.raw(Buffer.from("x:1\r\nx"), 1, 5), ":1\r\n", ":1\r\n"],
    ["largeBulk", (w) => w.largeBulk(Buffer.from("abc")), "$3\r\nabc\r\n", "$3\r\nabc\r\n"],
  ];
  for (const [name, write, resp2, resp3] of cases) {
    it(`writes ${name} for both versions of the protocol`, () => {
      expect(written(2, write)).to.equal(resp2);
      expect(written(3, write)).to.equal(resp3);
    });
  }

  it("writes any safe integer", () => {
    const edges = [
      0,
      9,
      10,
      99,
      100,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      1e9,
      1e9 - 1,
      10 ** 15,
      2 ** 53 - 1,
    ];
    for (const n of [...edges, ...edges.map((edge) => -edge)]) {
      expect(written(2, (w) => w.integer(n))).to.equal(`:${n === 0 ? 0 : n}\r\n`);
      expect(written(2, (w) => w.bulkInteger(n))).to.equal(`$${`${n}`.length}\r\n${n === 0 ? 0 : n}\r\n`);
    }
    fc.assert(
      fc.property(fc.maxSafeInteger(), (n) => written(2, (w) => w.integer(n)) === `:${n === 0 ? 0 : n}\r\n`),
    );
  });

  it("writes bulks of any size", () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 31) % 256));
    for (const size of [1, 9, 10, 39, 40, 41, 100, 1000, 16_383, 16_384, 100_000 - 7]) {
      const text = bytes.toString("latin1", 7, 7 + size);
      expect(written(2, (w) => w.bulk(bytes, 7, 7 + size)) === `$${size}\r\n${text}\r\n`).to.equal(true);
    }
  });

  it("keeps what was written when it grows", () => {
    const reply = "$10\r\n0123456789\r\n";
    const digits = Buffer.from("0123456789");
    const text = written(2, (w) => {
      for (let i = 0; i < 10_000; i++) w.bulk(digits, 0, 10);
    });
    expect(text === reply.repeat(10_000)).to.equal(true);
  });

  describe("aggregates of a size known only at their end", () => {
    for (const count of [0, 9, 10, 12345]) {
      it(`says that there are ${count} elements`, () => {
        const elements = ":1\r\n".repeat(count);
        const write =
          (fill: "fillArray" | "fillMap" | "fillSet", each = 1) =>
          (w: ReplyWriter) => {
            w.ok();
            const mark = w.reserveArray();
            for (let i = 0; i < count * each; i++) w.integer(1);
            w[fill](mark, count);
            w.ok();
          };
        const expected = (head: string, body = elements) => `+OK\r\n${head}\r\n${body}+OK\r\n`;
        expect(written(2, write("fillArray")) === expected(`*${count}`)).to.equal(true);
        expect(written(3, write("fillSet")) === expected(`~${count}`)).to.equal(true);
        expect(written(2, write("fillSet")) === expected(`*${count}`)).to.equal(true);
        expect(written(3, write("fillMap", 2)) === expected(`%${count}`, elements + elements)).to.equal(true);
        expect(written(2, write("fillMap", 2)) === expected(`*${2 * count}`, elements + elements)).to.equal(
          true,
        );
      });
    }

    it("nests them", () => {
      const text = written(2, (w) => {
        const outer = w.reserveArray();
        for (let i = 0; i < 11; i++) {
          const inner = w.reserveArray();
          for (let j = 0; j < i; j++) w.null();
          w.fillArray(inner, i);
        }
        w.fillArray(outer, 11);
      });
      const inner = Array.from({ length: 11 }, (_, i) => `*${i}\r\n${"$-1\r\n".repeat(i)}`);
      expect(text).to.equal(`*11\r\n${inner.join("")}`);
    });

    it("moves large values with them", () => {
      const writer = new ReplyWriter();
      const mark = writer.reserveArray();
      writer.largeBulk(Buffer.from("large"));
      for (let i = 0; i < 9; i++) writer.integer(i);
      writer.fillArray(mark, 10);
      expect(Buffer.concat(writer.take()).toString()).to.match(/^\*10\r\n\$5\r\nlarge\r\n:0\r\n/);
    });

    it("fills a reservation that ends exactly with the buffer", () => {
      const writer = new ReplyWriter();
      const filler = Buffer.alloc(writer.buffer.length - 4 - 12, "x");
      writer.raw(filler, 0, filler.length);
      const mark = writer.reserveArray();
      for (let i = 0; i < 3; i++) writer.integer(i);
      writer.fillArray(mark, 3);
      expect(writer.buffer.toString("latin1", filler.length, writer.length)).to.equal(
        "*3\r\n:0\r\n:1\r\n:2\r\n",
      );
    });
  });

  it("takes replies back to a mark, large ones too", () => {
    const writer = new ReplyWriter();
    writer.largeBulk(Buffer.from("stays"));
    const mark = writer.mark();
    writer.ok();
    writer.largeBulk(Buffer.from("goes"));
    writer.rollback(mark);
    writer.integer(1);
    expect(writer.byteLength).to.equal("$5\r\nstays\r\n:1\r\n".length);
    expect(Buffer.concat(writer.take()).toString()).to.equal("$5\r\nstays\r\n:1\r\n");
  });

  it("refuses to copy more than its limit, and still has room for the error", () => {
    const writer = new ReplyWriter(100_000);
    writer.ok();
    const mark = writer.mark();
    const value = Buffer.alloc(30_000, "x");
    const copy = () => {
      for (let i = 0; i < 4; i++) writer.bulk(value, 0, value.length);
    };
    expect(copy).to.throw(ReplyError, "ERR the reply would be larger than 1 GiB");
    writer.rollback(mark);
    writer.error("ERR too large");
    expect(Buffer.concat(writer.take()).toString()).to.equal("+OK\r\n-ERR too large\r\n");
  });

  it("lends more than its limit, since that takes no memory", () => {
    const writer = new ReplyWriter(100_000);
    const value = Buffer.alloc(200_000, "x");
    writer.largeBulk(value);
    writer.bulk(value, 0, 10);
    expect(writer.byteLength).to.be.greaterThan(200_000);
  });

  describe("sending", () => {
    it("uses its buffer again if the sink took the bytes", () => {
      const writer = new ReplyWriter();
      const { buffer } = writer;
      const sink = new RecordingSink();
      writer.ok();
      writer.sendTo(sink);
      writer.null();
      writer.sendTo(sink);
      writer.sendTo(sink);
      expect(writer.buffer).to.equal(buffer);
      expect(sink.text).to.equal("+OK\r\n$-1\r\n");
      expect(sink.received).to.have.length(2);
    });

    it("never touches again what the sink kept", () => {
      const writer = new ReplyWriter();
      const sink = new RecordingSink();
      sink.full = true;
      for (const text of ["first", "second", "third"]) {
        writer.simple(text);
        writer.sendTo(sink);
      }
      sink.full = false;
      writer.simple("fourth");
      writer.sendTo(sink);
      expect(sink.text).to.equal("+first\r\n+second\r\n+third\r\n+fourth\r\n");
    });

    it("holds small replies behind pending ones in their own size", () => {
      const writer = new ReplyWriter();
      const sink = new RecordingSink();
      sink.full = true;
      writer.ok();
      writer.sendTo(sink);
      const { buffer } = writer;
      writer.ok();
      writer.sendTo(sink);
      expect(writer.buffer).to.equal(buffer);
      expect(sink.received[1]!.buffer).to.not.equal(buffer.buffer);
    });

    it("sends large values from where they lie, in order", () => {
      const writer = new ReplyWriter();
      const sink = new RecordingSink();
      sink.full = true;
      const value = Buffer.from("large");
      writer.ok();
      writer.largeBulk(value);
      writer.integer(1);
      expect(writer.byteLength).to.equal("+OK\r\n$5\r\nlarge\r\n:1\r\n".length);
      writer.sendTo(sink);
      expect(sink.received).to.include(value);
      expect(sink.text).to.equal("+OK\r\n$5\r\nlarge\r\n:1\r\n");
      expect(writer.byteLength).to.equal(0);
    });

    it("does not keep the memory of a giant reply", () => {
      const writer = new ReplyWriter();
      const giant = Buffer.alloc(1_000_000);
      writer.bulk(giant, 0, giant.length);
      writer.sendTo(new RecordingSink());
      expect(writer.buffer.length).to.be.at.most(256 * 1024);
    });
  });
});
