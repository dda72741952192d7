import { expect } from "chai";
import {
  busyTicksOf,
  cpuTicksOf,
  openFilesMaxOf,
  reapedTicksOf,
  residentBytesOf,
  runSecondsOf,
} from "../../bench/proc.js";

// utime 84, stime 120, cutime 7, cstime 9 in a process whose name does its best to mislead.
const stat =
  "5503 (odd) S 1 (name)) S 5500 5500 3471 0 -1 4194560 16404 0 0 0 84 120 7 9 20 0 5 0 124197 126246912";

describe("what /proc tells", () => {
  it("is the CPU time of all threads, and that of ended children apart from it", () => {
    expect(cpuTicksOf(stat)).to.equal(204);
    expect(reapedTicksOf(stat)).to.equal(16);
  });

  it("is the time of a thread on a processor to the nanosecond, and an error for one that is gone", () => {
    expect(runSecondsOf("1500000001 47490 12\n")).to.equal(1.500000001);
    expect(() => runSecondsOf("")).to.throw(RangeError);
  });

  it("is resident memory in bytes, and an error for a process that has none left", () => {
    expect(residentBytesOf("Name:\tx\nVmHWM:\t  900 kB\nVmRSS:\t   512 kB\nRssAnon:\t 1 kB\n")).to.equal(
      524288,
    );
    expect(() => residentBytesOf("Name:\tx\nState:\tZ (zombie)\n")).to.throw(RangeError);
  });

  it("is how long the processors worked for processes, without idling, waiting and interrupts", () => {
    //             user nice system idle iowait irq softirq steal
    expect(busyTicksOf("cpu  10 2 30 4000 500 60 70 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")).to.equal(50);
  });

  it("is how many files may be open", () => {
    const line = (soft: string): string =>
      `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}    20000  files\n`;
    expect(openFilesMaxOf(line("1024"))).to.equal(1024);
    expect(openFilesMaxOf(line("unlimited"))).to.equal(Number.POSITIVE_INFINITY);
  });
});
