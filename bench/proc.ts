/**
 * Reads what Linux tells of a process: its CPU time, resident memory and open descriptors, and what the
 * whole machine was busy with. The parsers are pure; proc(5) is their source.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** User plus system time of all threads of a process, those that ended included, in clock ticks. */
export function cpuTicksOf(stat: string): number {
  const fields = fieldsAfterName(stat);
  return fields[11]! + fields[12]!;
}

/** The same for those children of the process that ended and were waited for. */
export function reapedTicksOf(stat: string): number {
  const fields = fieldsAfterName(stat);
  return fields[13]! + fields[14]!;
}

/** Fields from the third (state) on. The name before them may hold blanks and parentheses itself. */
function fieldsAfterName(stat: string): number[] {
  return stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
}

/** Time on a processor from /proc/PID/task/TID/schedstat, in seconds: exact to the nanosecond where ticks are not. */
export function runSecondsOf(schedstat: string): number {
  const nanoseconds = Number(schedstat.split(" ")[0]);
  if (schedstat === "" || !Number.isFinite(nanoseconds)) throw new RangeError("the task has no run time");
  return nanoseconds / 1e9;
}

/** VmRSS of /proc/PID/status, in bytes. */
export function residentBytesOf(status: string): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  if (match === null) throw new RangeError("the status of the process has no VmRSS");
  return Number(match[1]) * 1024;
}

/**
 * Ticks that all processors spent in processes (user, nice, system) or that the hypervisor took away
 * (steal). Interrupts stay out: the kernel's share of loopback traffic is nobody's foreign load.
 */
export function busyTicksOf(stat: string): number {
  const fields = /^cpu +(.+)$/m.exec(stat)?.[1]?.split(" ").map(Number);
  if (fields === undefined) throw new RangeError("/proc/stat has no line for all processors");
  return fields[0]! + fields[1]! + fields[2]! + (fields[7] ?? 0);
}

/** The soft limit of open files in /proc/PID/limits. */
export function openFilesMaxOf(limits: string): number {
  const match = /^Max open files +(\d+|unlimited)/m.exec(limits);
  if (match === null) throw new RangeError("the limits of the process name no open files");
  return match[1] === "unlimited" ? Number.POSITIVE_INFINITY : Number(match[1]);
}

/** USER_HZ: 100 on every common build, but asked for, since each CPU figure is divided by it. */
let ticksPerSecond: number | undefined;

function secondsOf(ticks: number): number {
  ticksPerSecond ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return ticks / ticksPerSecond;
}

export function cpuSeconds(pid: number): number {
  return secondsOf(cpuTicksOf(readFileSync(`/proc/${pid}/stat`, "utf8")));
}

/**
 * The same without the rounding to ticks, for runs of a fraction of a second. Threads that have ended are not in it: for
 * servers, whose threads stay.
 */
export function fineCpuSeconds(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce(
    (sum, task) => sum + runSecondsOf(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8")),
    0,
  );
}

/** CPU time of this process's children that have ended. */
export function reapedCpuSeconds(): number {
  return secondsOf(reapedTicksOf(readFileSync("/proc/self/stat", "utf8")));
}

export function machineCpuSeconds(): number {
  return secondsOf(busyTicksOf(readFileSync("/proc/stat", "utf8")));
}

export function residentBytes(pid: number): number {
  return residentBytesOf(readFileSync(`/proc/${pid}/status`, "utf8"));
}

export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** As often as this one after the other the number must be the same before a process counts as settled, and so long it has for that. */
const settledLooks = 6;
const settleMsMax = 5_000;

/** Descriptors of a process that has just begun to answer, and may still be reading the rest of its code: once their number stays. */
export async function settledDescriptors(pid: number): Promise<number> {
  let descriptors = openDescriptors(pid);
  let looks = 0;
  for (let waitedMs = 0; waitedMs < settleMsMax && looks < settledLooks; waitedMs += lookMs) {
    await pause(lookMs);
    const now = openDescriptors(pid);
    looks = now === descriptors ? looks + 1 : 0;
    descriptors = now;
  }
  return descriptors;
}

/** A descriptor that is still open this long after its client closed is leaked. */
const closeMsMax = 3_000;
const lookMs = 50;

/** Gives a process a moment to close what it holds beyond `before`; resolves to how many it never closed. */
export async function leakedDescriptors(pid: number, before: number): Promise<number> {
  for (let waitedMs = 0; waitedMs < closeMsMax && openDescriptors(pid) > before; waitedMs += lookMs) {
    await pause(lookMs);
  }
  return Math.max(0, openDescriptors(pid) - before);
}

/** What this process may open, and what it hands to its children: Node raises the soft limit to the hard one. */
export function openFilesMax(): number {
  return openFilesMaxOf(readFileSync("/proc/self/limits", "utf8"));
}
