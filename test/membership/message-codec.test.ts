import { expect } from "chai";
import fc from "fast-check";
import { ByteReader } from "#torus/base/byte-reader.js";
import { ByteWriter } from "#torus/base/byte-writer.js";
import { rangeOf } from "#torus/base/bytes.js";
import type { Claim } from "#torus/membership/claim.js";
import {
  claimBytes,
  readClaim,
  recordBytes,
  writeClaim,
  writeRecord,
} from "#torus/membership/claim-codec.js";
import { readExchange, writeExchange } from "#torus/membership/exchange-message.js";
import type { MemberRecord } from "#torus/membership/member.js";
import {
  DATAGRAM_BYTES_MAX,
  MESSAGE_HEAD_BYTES,
  readMessage,
  writeMessage,
} from "#torus/membership/message-codec.js";
import { recordOf } from "../support/sim-member.js";
import { anyClaim, anyExchange, anyMessage, anyRecord } from "./arbitraries.js";

function bytesOf(write: (to: ByteWriter) => void): Buffer {
  const writer = new ByteWriter({ bytesMax: 1 << 20 });
  write(writer);
  return Buffer.from(writer.written());
}

/** What reads bytes and writes them again; undefined for bytes that it refuses. */
type Rewriter = (bytes: Uint8Array) => Buffer | undefined;

const rewriteMessage: Rewriter = (bytes) => {
  const message = readMessage(bytes);
  return message && bytesOf((to) => writeMessage(to, message));
};
const rewriteExchange: Rewriter = (bytes) => {
  const message = readExchange(bytes);
  return message && bytesOf((to) => writeExchange(to, message));
};

/** Whatever was read is what the bytes say, in the one form that there is. */
function expectSame(rewrite: Rewriter, bytes: Uint8Array): void {
  const rewritten = rewrite(bytes);
  if (rewritten !== undefined) expect(rewritten.equals(bytes)).to.equal(true);
}

for (const { what, any, write, read, rewrite } of [
  {
    what: "messages",
    any: anyMessage,
    write: (message: never) => bytesOf((to) => writeMessage(to, message)),
    read: readMessage,
    rewrite: rewriteMessage,
  },
  {
    what: "messages of exchanges",
    any: anyExchange,
    write: (message: never) => bytesOf((to) => writeExchange(to, message)),
    read: readExchange,
    rewrite: rewriteExchange,
  },
]) {
  describe(`the bytes of ${what}`, () => {
    const anyBytes = (any as fc.Arbitrary<unknown>).map((message) => write(message as never));

    it("are read as what was written", () => {
      fc.assert(
        fc.property(any as fc.Arbitrary<unknown>, (message) => {
          expect(read(write(message as never))).to.deep.equal(message);
        }),
      );
    });

    it("cut short anywhere are read as nothing, or as what they say", () => {
      fc.assert(
        fc.property(anyBytes, (bytes) => {
          for (let length = 0; length < bytes.length; length++)
            expectSame(rewrite, bytes.subarray(0, length));
        }),
        { numRuns: 30 },
      );
    });

    it("with any byte wrong are read as nothing, or as what they say", () => {
      fc.assert(
        fc.property(anyBytes, fc.integer({ min: 1, max: 255 }), (bytes, flip) => {
          for (let at = 0; at < bytes.length; at++) {
            const damaged = Buffer.from(bytes);
            damaged[at]! ^= flip;
            expectSame(rewrite, damaged);
          }
        }),
        { numRuns: 30 },
      );
    });

    it("at random are read as nothing, or as what they say", () => {
      fc.assert(
        fc.property(fc.nat({ max: 6 }), fc.uint8Array({ maxLength: 300 }), (kind, bytes) => {
          expectSame(rewrite, Buffer.from([kind, ...bytes]));
        }),
        { numRuns: 2000 },
      );
    });

    it("with more behind them are refused", () => {
      fc.assert(
        fc.property(anyBytes, (bytes) => {
          expect(read(Buffer.concat([bytes, Buffer.from([0])]))).to.equal(undefined);
        }),
      );
    });
  });
}

describe("the bytes of claims", () => {
  const longest = recordOf(1, {
    name: "n".repeat(64),
    zone: "z".repeat(64),
    host: "h".repeat(255),
    digests: [
      { tag: 1, bytes: new Uint8Array(252) },
      { tag: 2, bytes: new Uint8Array(0) },
    ],
  });

  const readBack = (claim: Claim) => {
    const reader = new ByteReader(rangeOf(bytesOf((to) => writeClaim(to, claim))));
    const read = readClaim(reader);
    return reader.failed ? undefined : read;
  };

  it("are as many as foretold", () => {
    fc.assert(
      fc.property(anyClaim, (claim) => {
        expect(bytesOf((to) => writeClaim(to, claim)).length).to.equal(claimBytes(claim));
      }),
    );
    fc.assert(
      fc.property(anyRecord, (record) => {
        expect(bytesOf((to) => writeRecord(to, record)).length).to.equal(recordBytes(record));
      }),
    );
  });

  it("fit into a datagram, even the longest record's in the largest envelope", () => {
    const claim = { kind: "alive", record: longest } as const;
    expect(readBack(claim)).to.deep.equal(claim);
    expect(MESSAGE_HEAD_BYTES + claimBytes(claim)).to.be.lessThan(DATAGRAM_BYTES_MAX - 60);
  });

  it("are refused where a record says what no member may", () => {
    const wrong: Partial<MemberRecord>[] = [
      { name: "n".repeat(65) },
      { zone: "z".repeat(65) },
      { host: "" },
      { host: "two words" },
      { host: "h\u00e9" },
      { name: "line\nfeed" },
      { name: "\u001b[31mred" },
      { zone: "\u0085" },
      { origin: 0 },
      { clusterPort: 0 },
      { weight: 0 },
      { protocolMin: 2, protocolMax: 1 },
      { digests: [{ tag: 1, bytes: new Uint8Array(255) }] },
      { lifecycle: "retired" as never },
    ];
    for (const changes of wrong) {
      const record = recordOf(1, changes);
      expect(readBack({ kind: "alive", record }), JSON.stringify(changes)).to.equal(undefined);
    }
  });

  it("are refused where a suspicion has no accuser, or too many", () => {
    const life = { id: recordOf(1).id, boot: 1, incarnation: 1 };
    for (const count of [0, 5]) {
      const accusers = Array.from({ length: count }, (_, number) => recordOf(number + 2).id);
      expect(readBack({ kind: "suspect", ...life, accusers })).to.equal(undefined);
    }
  });
});
