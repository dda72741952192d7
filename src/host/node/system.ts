/** What the operating system and V8 say about the process. */
import { machine, networkInterfaces, release, totalmem, type } from "node:os";
import type { CpuUse, MemoryUse, System } from "../system.js";

const MICROS_PER_SECOND = 1e6;

export function createNodeSystem(): System {
  return {
    pid: process.pid,
    runtime: `node ${process.versions.node}`,
    platform: `${type()} ${release()} ${machine()}`,
    executable: process.execPath,
    workingDirectory: process.cwd(),
    totalMemoryBytes: totalMemoryBytes(),
    addresses,
    memory,
    cpu,
  };
}

/** The machine's memory or the limit of the control group (the container), whichever is smaller. */
function totalMemoryBytes(): number {
  // Without a limit the answer is 0, undefined or a number beyond any machine, by platform and version.
  const limit = process.constrainedMemory() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

function addresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  const outward = all.filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  outward.sort((a, b) => a.family.localeCompare(b.family));
  return outward.map(({ address }) => address);
}

/** About 10 us: a read of /proc and a look at V8's counters. */
function memory(): MemoryUse {
  const { rss, heapUsed, heapTotal, arrayBuffers } = process.memoryUsage();
  return {
    residentBytes: rss,
    heapUsedBytes: heapUsed,
    heapTotalBytes: heapTotal,
    arrayBufferBytes: arrayBuffers,
  };
}

function cpu(): CpuUse {
  const { user, system } = process.cpuUsage();
  return { userSeconds: user / MICROS_PER_SECOND, systemSeconds: system / MICROS_PER_SECOND };
}
