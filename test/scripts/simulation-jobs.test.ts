import { expect } from "chai";
import { type Failure, report, runJobs, type SeedRun } from "../../scripts/simulation-jobs.js";

const RUNS: readonly SeedRun[] = [3, 4, 5].flatMap((seed) =>
  ["some", "others"].map((name) => ({ name, seed })),
);

describe("seeds that run in several processes", () => {
  it("are all run, and those named that fail, without end for the others", async function () {
    this.timeout(120_000);
    const said: string[] = [];
    const runs = [
      { name: "no such simulation", seed: 1 },
      { name: "unreplicated-delays", seed: 1 },
    ];
    const options = { jobs: 1, slots: 256, minutes: 60, say: (line: string) => said.push(line) };
    const { done, failures } = await runJobs(runs, options);
    expect(done).to.deep.equal(runs);
    expect(failures.map(({ name, seed }) => ({ name, seed }))).to.deep.equal([runs[0]]);
    expect(said).to.deep.equal(["no such simulation seed 1 failed: there is no such simulation"]);
  });

  it("are left out if there is no time for them", async () => {
    const options = { jobs: 2, slots: undefined, minutes: 0, say: () => {} };
    expect(await runJobs(RUNS, options)).to.deep.equal({ done: [], failures: [] });
  });

  it("are reported by simulation, and what broke with the most frequent first", () => {
    const failures: Failure[] = [
      { name: "others", seed: 5, message: "others seed 5: leaf:7: it is gone\nwhat happened" },
      { name: "others", seed: 3, message: "others seed 3: no agreement after 60 ms" },
      { name: "others", seed: 4, message: "others seed 4: leaf:12: it is gone" },
    ];
    expect(report({ done: RUNS, failures }).split("\n")).to.deep.equal([
      "some: 3 seeds from 3 on, no promise broken",
      "others: 3 seeds from 3 on, 3 failed: 3 4 5",
      "",
      "2 times: leaf:#: it is gone",
      "  others 5: others seed 5: leaf:7: it is gone",
      "  others 4: others seed 4: leaf:12: it is gone",
      "",
      "1 times: no agreement after # ms",
      "  others 3: others seed 3: no agreement after 60 ms",
    ]);
  });
});
