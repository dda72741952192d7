/** All commands on hashes. */
import type { Command } from "./command.js";
import { hashReads } from "./hash-reads.js";
import { hashWrites } from "./hash-writes.js";

export const hashCommands: readonly Command[] = [...hashReads, ...hashWrites];
