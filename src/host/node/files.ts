/** Files of the real file system. */
import { randomBytes } from "node:crypto";
import { open, readFile, realpath, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { Files } from "../files.js";
import { codeOf, toHostError } from "./os-error.js";

/** Permission bits of a file that was not there before, less the umask. */
const NEW_FILE_MODE = 0o666;

export const nodeFiles: Files = {
  async readText(path, encoding = "utf8") {
    try {
      return await readFile(path, encoding);
    } catch (error) {
      throw toHostError(error);
    }
  },

  async replaceText(path, text, encoding = "utf8") {
    try {
      await replaceBytes(path, Buffer.from(text, encoding));
    } catch (error) {
      throw toHostError(error);
    }
  },
};

async function replaceBytes(path: string, bytes: Uint8Array): Promise<void> {
  // Behind a symbolic link the file itself is replaced, not the link.
  const target = await orIfMissing(realpath(path), path);
  const mode = await orIfMissing(
    stat(target).then((found) => found.mode & 0o777),
    undefined,
  );
  const temporary = `${target}.${randomBytes(6).toString("hex")}.tmp`;
  const file = await open(temporary, "wx", mode ?? NEW_FILE_MODE);
  try {
    try {
      await file.writeFile(bytes);
      // The umask may have taken bits that the old file had.
      if (mode !== undefined) await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await orIfMissing(unlink(temporary), undefined);
    throw error;
  }
  await syncDirectory(dirname(target));
}

/** The rename itself is durable only when the directory that holds the name is. */
async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory, and orders the rename by itself.
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function orIfMissing<Value, Fallback>(
  promise: Promise<Value>,
  fallback: Fallback,
): Promise<Value | Fallback> {
  try {
    return await promise;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return fallback;
    throw error;
  }
}
