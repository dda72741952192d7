/**
 * Keeps a directory to one process: a file that names the process which holds it. The system has locks that go with their process,
 * but Node offers none of them; so a file left by a process that is gone is recognised and taken over.
 */
import { createHash, randomBytes } from "node:crypto";
import { link, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import type { DiskLock } from "../disk.js";
import { HostError } from "../host-error.js";
import { codeOf } from "./os-error.js";

const LOCK_FILE = "LOCK";
/** Field of /proc/PID/stat, counted behind the name in parentheses, that tells when the process started. */
const START_TIME_FIELD = 19;
const ZOMBIE = "Z";

/** Rejects with EWOULDBLOCK if a living process, this one included, holds the directory. */
export async function lockDirectory(directory: string): Promise<DiskLock> {
  const path = `${directory}/${LOCK_FILE}`;
  const own = `${path}.${randomBytes(6).toString("hex")}`;
  // Prepared under a name of its own: a lock file is never there without its content.
  await writeFile(own, await signature(process.pid), { flag: "wx" });
  try {
    while (!(await takes(own, path))) await refuseIfHeld(path);
  } finally {
    await rm(own, { force: true });
  }
  let isHeld = true;
  return {
    async release() {
      // A second time it may be another's.
      if (!isHeld) return;
      isHeld = false;
      await unlink(path);
    },
  };
}

/**
 * Puts our lock at a path; false if a living process is there or was quicker. Of all who find the same stale lock one gets the
 * right to replace it, and looks again before it does. That right is such a lock itself, since whoever has it may die too.
 */
async function takes(own: string, path: string): Promise<boolean> {
  if (await linked(own, path)) return true;
  const found = await contentOf(path);
  if (found === undefined || (await isAlive(found))) return false;
  const right = `${path}.after-${createHash("sha256").update(found).digest("hex").slice(0, 16)}`;
  if (!(await takes(own, right))) return false;
  try {
    if ((await contentOf(path)) !== found) return false;
    await replace(path, own);
    return true;
  } finally {
    await unlink(right);
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** By a second name, so that `own` stays to be used again. */
async function replace(path: string, own: string): Promise<void> {
  const next = `${own}.next`;
  await link(own, next);
  await rename(next, path);
}

async function refuseIfHeld(path: string): Promise<void> {
  const holder = await contentOf(path);
  if (holder !== undefined && (await isAlive(holder))) {
    throw new HostError("EWOULDBLOCK", `process ${Number.parseInt(holder, 10)} holds ${path}`);
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Whether the very process that signed so still runs. */
async function isAlive(signed: string): Promise<boolean> {
  const pid = Number.parseInt(signed, 10);
  return Number.isInteger(pid) && runs(pid) && signed === (await signature(pid));
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, and somebody else's.
    return codeOf(error) === "EPERM";
  }
}

/**
 * Tells a process from a later one that was given the same number, where the system says when it started; and from one that
 * ended but whose parent has not asked how: that holds nothing.
 */
async function signature(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === ZOMBIE ? "" : `${pid} ${fields[START_TIME_FIELD]}\n`;
  } catch {
    return `${pid}\n`;
  }
}
