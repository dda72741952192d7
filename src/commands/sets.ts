/** All commands on sets. */
import type { Command } from "./command.js";
import { setOperations } from "./set-operations.js";
import { setReads } from "./set-reads.js";
import { setWrites } from "./set-writes.js";

export const setCommands: readonly Command[] = [...setReads, ...setWrites, ...setOperations];
