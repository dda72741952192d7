import { expect } from "chai";
import { gatherMembers } from "#torus/commands/gathered-members.js";
import { ReplyError } from "#torus/protocol/reply-error.js";

function gather(bytesMax: number, members: readonly string[]): number {
  return gatherMembers({ bytesMax, refusal: "ERR no room" }, (into) => {
    for (const member of members) into.add({ bytes: Buffer.from(member), start: 0, end: member.length });
  }).length;
}

describe("members that are put aside", () => {
  it("are refused by what the client is told, where there are too many", () => {
    expect(gather(100, ["one", "two"])).to.equal(2);
    expect(() => gather(100, ["one", "x".repeat(100)])).to.throw(ReplyError, "ERR no room");
  });

  it("leave other faults what they are", () => {
    const gatherBadly = () =>
      gatherMembers({ bytesMax: 100, refusal: "ERR no room" }, () => {
        throw new RangeError("a fault");
      });
    expect(gatherBadly).to.throw(RangeError, "a fault");
  });
});
