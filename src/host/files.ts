/** Whole small text files: the configuration file and nothing larger. */
export interface Files {
  /** Rejects with a `HostError` (ENOENT, EACCES, ...) if it cannot be read. */
  readText(path: string): Promise<string>;
  /** Replaces the file atomically: after a crash either the old or the new text is there. */
  replaceText(path: string, text: string): Promise<void>;
}
