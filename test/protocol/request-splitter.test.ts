import { expect } from "chai";
import fc from "fast-check";
import { RequestCounter, splitRequests } from "#torus/protocol/request-splitter.js";
import { encodeCommand } from "../support/request.js";

const requests = fc.array(
  fc.array(fc.uint8Array({ maxLength: 30 }), { minLength: 1, maxLength: 15 }).map(encodeCommand),
  { maxLength: 20 },
);

describe("requests one behind the other", () => {
  it("are taken apart as they were put together", () => {
    fc.assert(
      fc.property(requests, (whole) => {
        expect(splitRequests(Buffer.concat(whole))).to.deep.equal(whole);
      }),
    );
  });

  it("are refused where they are not whole, or of another number, or something else", () => {
    const counter = new RequestCounter();
    fc.assert(
      fc.property(requests, (whole) => {
        const bytes = Buffer.concat(whole);
        expect(counter.are(whole.length, bytes, 0, bytes.length)).to.equal(true);
        expect(counter.are(whole.length + 1, bytes, 0, bytes.length)).to.equal(false);
        if (whole.length > 0) expect(counter.are(whole.length - 1, bytes, 0, bytes.length)).to.equal(false);
        // At the end of a request fewer are whole.
        for (let end = 1; end < bytes.length; end++) {
          expect(counter.are(whole.length, bytes, 0, end)).to.equal(false);
        }
      }),
    );
    const cases: readonly [count: number, text: string][] = [
      [1, "PING\r\n"],
      [1, "*1\r\n$4\r\nPING\r\nPING\r\n"],
      [1, "*1\r\n$4\r\nPING\r\n\r\nx"],
      [1, "*1\r\n+PING\r\n"],
      [1, "*-1\r\n"],
      [0, "*1\r\n$4\r\nPING\r\n"],
    ];
    for (const [count, text] of cases) {
      expect(counter.are(count, Buffer.from(text), 0, text.length), text).to.equal(false);
    }
  });

  it("are looked for between bounds", () => {
    const bytes = Buffer.from("...*1\r\n$4\r\nPING\r\n...");
    expect(new RequestCounter().are(1, bytes, 3, bytes.length - 3)).to.equal(true);
    expect(new RequestCounter().are(1, bytes, 3, bytes.length - 2)).to.equal(false);
  });
});
