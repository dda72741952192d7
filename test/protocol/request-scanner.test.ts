import { expect } from "chai";
import fc from "fast-check";
import { PartialRequest } from "#torus/protocol/partial-request.js";
import { COMPLETE, INCOMPLETE, RequestScanner } from "#torus/protocol/request-scanner.js";
import { argumentsOf, cut, encode, pieces, scanChunks } from "./scanning.js";

const LINE_BYTES_MAX = 64 * 1024;

function scan(text: string) {
  return scanChunks([Buffer.from(text, "latin1")]);
}

describe("request scanner", () => {
  describe("commands", () => {
    const cases: readonly (readonly [sent: string, commands: readonly (readonly string[])[]])[] = [
      ["*1\r\n$4\r\nPING\r\n", [["PING"]]],
      ["*2\r\n$3\r\nGET\r\n$0\r\n\r\n", [["GET", ""]]],
      ["*2\r\n$3\r\nGET\r\n$4\r\n\r\n\0\xff\r\n", [["GET", "\r\n\0\xff"]]],
      ["*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nQUIT\r\n", [["PING"], ["QUIT"]]],
      ["*0\r\n*-1\r\n*-9\r\n\r\n\n  \r\n*1\r\n$4\r\nPING\r\n", [["PING"]]],
      // As lenient as Redis: only the CR of a line end is looked at, and nothing behind a bulk.
      ["*1\rX$4\rYPINGZZPING\r\n", [["PING"], ["PING"]]],
      ["PING\r\n", [["PING"]]],
      ["PING\n\r\nECHO  a \n", [["PING"], ["ECHO", "a"]]],
      ["\rPING\r\n", [["PING"]]],
      ["a\x0bb \x0bc\x0c\r\n", [["a\x0bb", "c\x0c"]]],
      ["P\0NG \xff\r\n", [["P\0NG", "\xff"]]],
      ['SET "a b" \'it\\\'s\' "\\x00\\n\\\\" ""\r\n', [["SET", "a b", "it's", "\0\n\\", ""]]],
      ['SET "a b"\n*1\r\n$4\r\nPING\r\n', [["SET", "a b"], ["PING"]]],
    ];
    for (const [sent, commands] of cases) {
      it(`finds ${JSON.stringify(commands)} in ${JSON.stringify(sent)}, however it is cut`, () => {
        const whole = { commands, error: "", keptBytes: 0 };
        const bytes = Buffer.from(sent, "latin1");
        expect(scanChunks([bytes])).to.deep.equal(whole);
        for (let i = 0; i <= bytes.length; i++) expect(scanChunks(cut(bytes, i))).to.deep.equal(whole);
        expect(scanChunks(pieces(bytes, 1))).to.deep.equal(whole);
      });
    }

    it("finds lengths of every number of digits", () => {
      for (const length of [9, 10, 99, 100, 16384, 16385, 99999, 1_000_000]) {
        const args = ["x".repeat(length), "y".repeat(length + 1)];
        expect(scanChunks([encode(...args)]).commands).to.deep.equal([args]);
      }
    });

    it("finds any number of arguments", () => {
      for (const count of [1, 9, 10, 32, 33, 100, 5000]) {
        const args = Array.from({ length: count }, (_, i) => `${i}`);
        expect(scanChunks([encode(...args), encode("PING")]).commands).to.deep.equal([args, ["PING"]]);
        const line = Buffer.from(`${args.join(" ")}\r\n${args.map((arg) => `"${arg}"`).join(" ")}\r\n`);
        expect(scanChunks([line]).commands).to.deep.equal([args, args]);
      }
    });
  });

  describe("protocol errors", () => {
    const cases: readonly (readonly [sent: string, error: string])[] = [
      ["*\r\n", "invalid multibulk length"],
      ["*x\r\n", "invalid multibulk length"],
      ["*01\r\n", "invalid multibulk length"],
      ["*+1\r\n", "invalid multibulk length"],
      ["*-0\r\n", "invalid multibulk length"],
      ["*1 \r\n", "invalid multibulk length"],
      ["*1\n$4\r\nPING\r\n", "invalid multibulk length"],
      ["*2147483648\r\n", "invalid multibulk length"],
      ["*9223372036854775808\r\n", "invalid multibulk length"],
      ["*-9223372036854775809\r\n", "invalid multibulk length"],
      [`*${"1".repeat(LINE_BYTES_MAX - 1)}\r\n`, "invalid multibulk length"],
      [`*${"1".repeat(LINE_BYTES_MAX)}`, "too big mbulk count string"],
      [`*1\r\n$${"1".repeat(LINE_BYTES_MAX)}`, "too big bulk count string"],
      [`*1\r\n${"1".repeat(LINE_BYTES_MAX + 1)}`, "too big bulk count string"],
      ["*1\r\nPING\r\n", "expected '$', got 'P'"],
      ["*1\r\n\r\n", "expected '$', got '\r'"],
      ["*1\r\n\xff\r\n", "expected '$', got '\xff'"],
      ["*2\r\n$3\r\nGET\r\n*1\r\n", "expected '$', got '*'"],
      ["*1\r\n$\r\n", "invalid bulk length"],
      ["*1\r\n$-1\r\n", "invalid bulk length"],
      ["*1\r\n$04\r\nPING\r\n", "invalid bulk length"],
      ["*1\r\n$4x\r\nPING\r\n", "invalid bulk length"],
      ["*1\r\n$536870913\r\n", "invalid bulk length"],
      ["*1\r\n$99999999999999999999\r\n", "invalid bulk length"],
      ['"PING\r\n', "unbalanced quotes in request"],
      ["'a'b\r\n", "unbalanced quotes in request"],
      ['"PI"NG\r\n', "unbalanced quotes in request"],
      ["x".repeat(LINE_BYTES_MAX + 1), "too big inline request"],
    ];
    for (const [sent, error] of cases) {
      const title = sent.length > 60 ? `${sent.slice(0, 10)}... (${sent.length} bytes)` : sent;
      it(`answers ${JSON.stringify(title)} with "${error.replace("\r", "\\r")}", behind a good command too`, () => {
        const broken = { error: `Protocol error: ${error}`, keptBytes: 0 };
        expect(scan(sent)).to.deep.equal({ commands: [], ...broken });
        const bytes = Buffer.concat([encode("PING"), Buffer.from(sent, "latin1")]);
        const size = bytes.length > 1000 ? 4093 : 1;
        expect(scanChunks(pieces(bytes, size))).to.deep.equal({ commands: [["PING"]], ...broken });
      });
    }

    it("accepts what is just not too long", () => {
      const word = "x".repeat(LINE_BYTES_MAX);
      expect(scan(`${word}\n`).commands).to.deep.equal([[word]]);
      expect(scan(word).keptBytes).to.equal(LINE_BYTES_MAX);
      expect(scan(`*${"1".repeat(LINE_BYTES_MAX - 1)}`).keptBytes).to.equal(LINE_BYTES_MAX);
      expect(scan("*2147483647\r\n").error).to.equal("");
      expect(scan("*1\r\n$536870912\r\n").error).to.equal("");
    });

    it("obeys proto-max-bulk-len", () => {
      const scanner = new RequestScanner();
      scanner.bulkLengthMax = 1024 * 1024;
      expect(scanChunks([Buffer.from("*1\r\n$1048576\r\n")], { scanner }).error).to.equal("");
      expect(scanChunks([Buffer.from("*1\r\n$1048577\r\n")], { scanner }).error).to.equal(
        "Protocol error: invalid bulk length",
      );
    });

    it("lets a client send small commands only before it has authenticated", () => {
      const scanner = new RequestScanner();
      scanner.authenticated = false;
      const ask = (text: string) => scanChunks([Buffer.from(text)], { scanner }).error;
      expect(ask("*10\r\n")).to.equal("");
      expect(ask("*11\r\n")).to.equal("Protocol error: unauthenticated multibulk length");
      expect(ask("*1\r\n$16384\r\n")).to.equal("");
      expect(ask("*1\r\n$16385\r\n")).to.equal("Protocol error: unauthenticated bulk length");
    });

    it("judges each command by whether the one before it has authenticated", () => {
      const scanner = new RequestScanner();
      scanner.authenticated = false;
      const many = Array.from({ length: 11 }, (_, i) => `${i}`);
      const bytes = Buffer.concat([encode("AUTH", "x"), encode(...many)]);
      scanner.begin(bytes, 0, bytes.length);
      expect(scanner.next()).to.equal(COMPLETE);
      scanner.authenticated = true;
      expect(scanner.next()).to.equal(COMPLETE);
      expect(argumentsOf(scanner)).to.deep.equal(many);
    });
  });

  describe("places", () => {
    it("tells where each command began and ended, quoted ones too", () => {
      const sent = ["\r\nPING\r\n", 'ECHO "a b"\r\n', "*1\r\n$4\r\nPING\r\n"];
      const bytes = Buffer.from(`xx${sent.join("")}*1`);
      const scanner = new RequestScanner();
      scanner.begin(bytes, 2, bytes.length);
      const raw: string[] = [];
      while (scanner.next() === COMPLETE) {
        raw.push(scanner.source.toString("latin1", scanner.commandStart, scanner.position));
      }
      expect(raw).to.deep.equal(["PING\r\n", 'ECHO "a b"\r\n', "*1\r\n$4\r\nPING\r\n"]);
      expect(scanner.position).to.equal(bytes.length - 2);
      expect(scanner.takeRest()?.byteLength).to.equal(2);
    });

    it("sees nothing behind the end that it was given", () => {
      const bytes = encode("SET", "key", "value");
      const scanner = new RequestScanner();
      for (let end = 0; end < bytes.length; end++) {
        scanner.begin(bytes, 0, end);
        expect(scanner.next()).to.equal(INCOMPLETE);
        expect(scanner.position).to.equal(0);
      }
    });

    it("points into the read buffer again as soon as the half command is complete", () => {
      const scanner = new RequestScanner();
      const first = encode("SET", "a", "1");
      scanner.begin(first, 0, 9);
      expect(scanner.next()).to.equal(INCOMPLETE);
      const partial = scanner.takeRest();
      expect(partial).to.be.instanceOf(PartialRequest);
      const second = Buffer.concat([
        first.subarray(9),
        ...Array.from({ length: 100 }, () => encode("GET", "a")),
      ]);
      scanner.resume(partial!, second, 0, second.length);
      expect(scanner.next()).to.equal(COMPLETE);
      expect(argumentsOf(scanner)).to.deep.equal(["SET", "a", "1"]);
      expect(scanner.source.toString("latin1", scanner.commandStart, scanner.position)).to.equal(`${first}`);
      expect(scanner.next()).to.equal(COMPLETE);
      expect(scanner.bytes).to.equal(second);
      expect(scanner.commandStart).to.equal(first.length - 9);
    });
  });

  describe("reads of any size", () => {
    const random = Array.from({ length: 4096 }, (_, i) => String.fromCharCode((i * 7919) % 256)).join("");
    const pipeline = [
      encode("SET", "key", random.slice(0, 300)),
      Buffer.from("\r\nPING\r\n*0\r\n"),
      encode("GET", ""),
      Buffer.from("SET \"quoted \\x41\" 'b'\n"),
      encode("MSET", ...Array.from({ length: 40 }, (_, i) => random.slice(i, 2 * i))),
      Buffer.from("*-1\r\nECHO hello\r\n"),
      encode("PING"),
    ];
    const bytes = Buffer.concat(pipeline);
    const whole = scanChunks([bytes]);

    it("finds the same byte by byte, and in pieces of any one size", () => {
      expect(whole.commands).to.have.length(7);
      for (let size = 1; size <= bytes.length; size++) {
        expect(scanChunks(pieces(bytes, size)), `pieces of ${size}`).to.deep.equal(whole);
      }
    });

    it("finds the same in any two parts", () => {
      for (let at = 0; at <= bytes.length; at++) {
        expect(scanChunks(cut(bytes, at)), `cut at ${at}`).to.deep.equal(whole);
      }
    });

    it("finds the same if the connection stops after each command, or each two", () => {
      for (const commandsPerTurn of [1, 2]) {
        for (const size of [1, 7, 100, 1000, bytes.length]) {
          expect(scanChunks(pieces(bytes, size), { commandsPerTurn })).to.deep.equal(whole);
        }
      }
    });

    it("finds the same in random large reads, with any command carried over", () => {
      const size = fc.oneof(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 70_000 }),
        fc.integer({ min: 0, max: 2_000_000 }),
      );
      const reads = fc.array(fc.integer({ min: 1, max: 400_000 }), { maxLength: 40 });
      const values = fc.array(size, { minLength: 1, maxLength: 12 });
      fc.assert(
        fc.property(values, reads, fc.constantFrom(1, 3, Infinity), (sizes, cuts, commandsPerTurn) => {
          const commands = sizes.map((n, i) => [
            "SET",
            `key ${i}`,
            random.repeat(n / 4096 + 1).slice(i, i + n),
          ]);
          const sent = Buffer.concat(commands.map((command) => encode(...command)));
          const at: number[] = [];
          for (let from = 0, i = 0; i < cuts.length && from + cuts[i]! < sent.length; i++)
            at.push((from += cuts[i]!));
          const outcome = scanChunks(cut(sent, ...at), { commandsPerTurn });
          expect(outcome.keptBytes).to.equal(0);
          // Compared by hand: a difference in megabytes is not worth printing.
          expect(JSON.stringify(outcome.commands) === JSON.stringify(commands), "the same commands").to.equal(
            true,
          );
        }),
        { numRuns: 30 },
      );
    });

    it("survives damage of any kind: it finds commands, waits, or says that the client is broken", () => {
      const damage = fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 8,
      });
      fc.assert(
        fc.property(
          damage,
          fc.nat({ max: bytes.length }),
          fc.integer({ min: 1, max: 64 }),
          (changes, at, size) => {
            const damaged = Buffer.from(bytes);
            for (const [offset, byte] of changes) damaged[offset] = byte;
            const outcome = scanChunks([damaged]);
            expect(outcome.error).to.match(/^$|^Protocol error: /);
            expect(scanChunks(cut(damaged, at))).to.deep.equal(outcome);
            expect(scanChunks(pieces(damaged, size))).to.deep.equal(outcome);
          },
        ),
        { numRuns: 500 },
      );
    });

    it("survives bytes that were never a command", () => {
      const alphabet = fc.constantFrom(..."*$\r\n\r\n0123-9 \"'\\xaP\0\xff");
      fc.assert(
        fc.property(
          fc.array(alphabet, { maxLength: 60 }),
          fc.integer({ min: 1, max: 9 }),
          (characters, size) => {
            const garbage = Buffer.from(characters.join(""), "latin1");
            expect(scanChunks(pieces(garbage, size))).to.deep.equal(scanChunks([garbage]));
          },
        ),
        { numRuns: 2000 },
      );
    });
  });

  describe("memory", () => {
    for (const declared of [
      "*2\r\n$3\r\nGET\r\n$536870912\r\n",
      "*2147483647\r\n$1\r\na\r\n$100000000\r\n",
    ]) {
      it(`holds at most twice what arrived of ${JSON.stringify(declared)}`, () => {
        const chunks = [Buffer.from(declared), ...pieces(Buffer.alloc(100_000, "x"), 1000)];
        let arrivedBytes = 0;
        let reads = 0;
        const outcome = scanChunks(chunks, {
          kept: (partial) => {
            arrivedBytes += chunks[reads++]!.length;
            expect(partial?.byteLength).to.equal(arrivedBytes);
            expect(partial?.buffer.length).to.be.at.most(Math.max(2 * arrivedBytes, 256));
            expect(partial?.marks.length).to.be.at.most(64);
          },
        });
        expect(reads).to.equal(chunks.length);
        expect(outcome).to.deep.equal({ commands: [], error: "", keptBytes: declared.length + 100_000 });
      });
    }

    it("allocates at most what a bulk needs once that is in sight", () => {
      const value = "x".repeat(300_000);
      const bytes = encode("SET", "k", value);
      let largest = 0;
      scanChunks(pieces(bytes, 10_000), {
        kept: (partial) => (largest = Math.max(largest, partial?.buffer.length ?? 0)),
      });
      expect(largest).to.equal(bytes.length);
    });

    it("does not look again at arguments that it has marked", () => {
      // The bytes already scanned are spoilt: a second look would find them broken.
      const args = Array.from({ length: 1000 }, (_, i) => `argument ${i}`);
      const scanner = new RequestScanner();
      const bytes = encode(...args);
      scanner.begin(bytes, 0, 5000);
      expect(scanner.next()).to.equal(INCOMPLETE);
      const partial = scanner.takeRest()!;
      partial.buffer.fill(0, 0, 4000);
      scanner.resume(partial, bytes, 5000, bytes.length);
      expect(scanner.next()).to.equal(COMPLETE);
      expect(argumentsOf(scanner).slice(500)).to.deep.equal(args.slice(500));
    });

    it("tells when a client has exceeded its query buffer", () => {
      const partial = new PartialRequest();
      partial.append(Buffer.alloc(1000), 0, 1000);
      expect(partial.exceeds(1000)).to.equal(false);
      expect(partial.exceeds(999)).to.equal(true);
    });

    it("does not keep the marks of a giant command for small ones", () => {
      const scanner = new RequestScanner();
      const giant = encode(...Array.from({ length: 100_000 }, () => "a"));
      expect(scanChunks(pieces(giant, 65_536), { scanner }).commands[0]).to.have.length(100_000);
      scanner.begin(encode("PING"), 0, 14);
      expect(scanner.next()).to.equal(COMPLETE);
      expect(scanner.marks.length).to.be.at.most(64 * 1024);
    });
  });
});
