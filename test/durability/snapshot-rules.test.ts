import { expect } from "chai";
import { dueSnapshot, type SnapshotCircumstances } from "#torus/durability/snapshot-rules.js";

const MB = 1024 * 1024;
const QUIET: SnapshotCircumstances = {
  rules: [],
  changes: 0,
  secondsSinceSnapshot: 0,
  logBytes: 0,
  snapshotBytes: 0,
  growthPercentage: 100,
  logBytesMin: 64 * MB,
};

describe("snapshot rules", () => {
  it("ask for both the changes and the seconds of a rule, of any rule", () => {
    const rules = [
      { seconds: 3600, changes: 1 },
      { seconds: 60, changes: 10_000 },
    ];
    expect(dueSnapshot({ ...QUIET, rules, changes: 9_999, secondsSinceSnapshot: 3599 })).equal(undefined);
    expect(dueSnapshot({ ...QUIET, rules, changes: 10_000, secondsSinceSnapshot: 59 })).equal(undefined);
    expect(dueSnapshot({ ...QUIET, rules, changes: 10_000, secondsSinceSnapshot: 60 })).match(
      /10000 changes/,
    );
    expect(dueSnapshot({ ...QUIET, rules, changes: 1, secondsSinceSnapshot: 3600 })).match(/1 changes/);
    expect(dueSnapshot({ ...QUIET, rules, secondsSinceSnapshot: 1e9 })).equal(undefined);
  });

  it("ask for one when the log has outgrown its snapshot and is worth it", () => {
    const grown = { ...QUIET, logBytes: 100 * MB };
    expect(dueSnapshot({ ...grown, snapshotBytes: 101 * MB })).equal(undefined);
    expect(dueSnapshot({ ...grown, snapshotBytes: 100 * MB })).match(/the log has grown/);
    expect(dueSnapshot(grown), "without a snapshot").match(/the log has grown/);
    expect(dueSnapshot({ ...grown, logBytes: 64 * MB - 1 })).equal(undefined);
    expect(dueSnapshot({ ...grown, growthPercentage: 0 })).equal(undefined);
  });
});
