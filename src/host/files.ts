import { HostError } from "./host-error.js";

/** Whole small text files: the configuration file, what a node keeps of itself and of its cluster, and nothing larger. */
export interface Files {
  /** Rejects with a `HostError` (ENOENT, EACCES, ...) if it cannot be read. */
  readText(path: string, encoding?: Encoding): Promise<string>;
  /** Replaces the file atomically: after a crash either the old or the new text is there. */
  replaceText(path: string, text: string, encoding?: Encoding): Promise<void>;
}

/** `utf8` unless said otherwise; `latin1` is a character a byte, and loses nothing whatever the bytes are. */
export type Encoding = "latin1" | "utf8";

/** Undefined if there is no such file. Rejects with a `HostError` (EACCES, EIO, ...) if it cannot be read. */
export async function readTextIfThere(files: Files, path: string): Promise<string | undefined> {
  try {
    return await files.readText(path);
  } catch (error) {
    if (error instanceof HostError && error.code === "ENOENT") return undefined;
    throw error;
  }
}
