import { expect } from "chai";
import { parseExposition } from "./exposition.js";

describe("the reader of metrics", () => {
  const HEAD = "# HELP a_total What.\n# TYPE a_total counter\n";
  const HISTOGRAM = "# HELP h What.\n# TYPE h histogram\n";
  const WHOLE = 'h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 3\nh_sum 1.5\nh_count 3\n';

  it("reads names, types, labels and values", () => {
    const text = `${HEAD}a_total{x="1",y="a\\"b\\\\c\\nd"} 3\na_total{x="2",y=""} 1.5e-7\n\n${HISTOGRAM}${WHOLE}`;
    const families = parseExposition(text);
    expect([...families.keys()]).to.deep.equal(["a_total", "h"]);
    expect(families.get("a_total")).to.deep.equal({
      name: "a_total",
      help: "What.",
      type: "counter",
      samples: [
        { name: "a_total", labels: { x: "1", y: 'a"b\\c\nd' }, value: 3 },
        { name: "a_total", labels: { x: "2", y: "" }, value: 1.5e-7 },
      ],
    });
    expect(families.get("h")!.samples).to.have.length(4);
  });

  const refused: Record<string, string> = {
    "a sample before its family": "a_total 1\n",
    "a family told twice": HEAD + HEAD,
    "a sample told twice": `${HEAD}a_total 1\na_total 1\n`,
    "a sample of another family": `${HEAD}b_total 1\n`,
    "a count below zero": `${HEAD}a_total -1\n`,
    "a value that is none": `${HEAD}a_total NaN\n`,
    "a label without quotes": `${HEAD}a_total{x=1} 1\n`,
    "a line without an end": `${HEAD}a_total 1`,
    "buckets that fall": `${HISTOGRAM}${WHOLE.replace(" 2", " 4")}`,
    "buckets that miss some": `${HISTOGRAM}${WHOLE.replace("h_count 3", "h_count 4")}`,
    "a histogram without a sum": `${HISTOGRAM}${WHOLE.replace("h_sum 1.5\n", "")}`,
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(() => parseExposition(text)).to.throw();
    });
  }
});
