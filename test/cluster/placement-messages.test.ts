import { expect } from "chai";
import { isWish } from "#torus/cluster/placement-messages.js";

const NODE = { id: "b", weight: 1, zone: "", host: "host" };

describe("what nodes say of placements", () => {
  it("is a wish only if it says all that it takes to grant it", () => {
    for (const wish of [
      { kind: "join", node: NODE },
      { kind: "leave", id: "b" },
      { kind: "forget", ids: ["b"], isForced: false },
    ])
      expect(isWish(wish), JSON.stringify(wish)).equal(true);
    for (const none of [
      null,
      undefined,
      "join",
      {},
      { kind: "join" },
      { kind: "join", node: { ...NODE, weight: 0 } },
      { kind: "join", node: { ...NODE, id: "" } },
      { kind: "leave" },
      { kind: "forget", id: "b" },
      { kind: "forget", ids: "b", isForced: false },
      { kind: "forget", ids: [], isForced: false },
      { kind: "forget", ids: [7], isForced: false },
      { kind: "forget", ids: ["b"] },
      { kind: "stay", id: "b" },
    ])
      expect(isWish(none), JSON.stringify(none)).equal(false);
  });
});
