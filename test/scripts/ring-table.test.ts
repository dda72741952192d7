import { readFileSync } from "node:fs";
import { expect } from "chai";
import { tableHead, tableRow } from "../../scripts/ring-table.js";

describe("the table in docs/ring.md", () => {
  it("says what is measured, as far as that is quick", () => {
    const page = readFileSync(new URL("../../../docs/ring.md", import.meta.url), "utf8");
    expect(page).include(tableHead);
    for (const count of [3, 5, 10, 20]) expect(page, "stale: npm run measure-ring").include(tableRow(count));
  });
});
