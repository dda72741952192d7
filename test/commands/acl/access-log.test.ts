import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { AccessLog } from "#torus/commands/acl/access-log.js";

const MIB = 2 ** 20;

/** What the heap holds after all that can be forgotten is. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

describe("ACL LOG", () => {
  it("holds nothing of what is long but its beginning", () => {
    const log = new AccessLog(() => 128);
    const before = heldBytes();
    for (let i = 0; i < 20; i++) {
      const long = `${i} `.repeat(MIB);
      log.add(
        { reason: "key", context: "toplevel", object: long, username: `o${long}`, client: `c${long}` },
        i,
      );
    }
    expect(log.length).to.equal(20);
    for (const { object, username, client } of log.latest(20)) {
      for (const text of [object, username, client]) expect(text).to.match(/^.{1024}\.\.\.$/);
    }
    expect(heldBytes() - before).to.be.lessThan(10 * MIB);
  });
});
