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
    while (!(await linked(own, path)) && !(await succeeds(own, path)));
  } finally {
    await rm(own, { force: true });
  }
  return { release: () => unlink(path) };
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

/**
 * Replaces a lock whose process is gone by ours; false if another was quicker, rejects if the process lives. Of all who find the
 * same stale lock one gets the right to replace it, and looks again before it does.
 */
async function succeeds(own: string, path: string): Promise<boolean> {
  const found = await contentOf(path);
  if (found === undefined) return false;
  await refuseIfAlive(found, path);
  const right = `${path}.after-${createHash("sha256").update(found).digest("hex").slice(0, 16)}`;
  if (!(await linked(own, right))) {
    const rival = await contentOf(right);
    if (rival !== undefined && !(await isAlive(rival))) {
      throw new HostError("EWOULDBLOCK", `a process died while it took the directory over: remove ${right}`);
    }
    return false;
  }
  try {
    if ((await contentOf(path)) !== found) return false;
    await rename(own, path);
    return true;
  } finally {
    await unlink(right);
  }
}

async function refuseIfAlive(signed: string, path: string): Promise<void> {
  if (await isAlive(signed))
    throw new HostError("EWOULDBLOCK", `process ${Number.parseInt(signed, 10)} holds ${path}`);
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
