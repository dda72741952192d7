/** All commands on lists. */
import type { Command } from "./command.js";
import { listMoves } from "./list-moves.js";
import { listReads } from "./list-reads.js";
import { listWaits } from "./list-waits.js";
import { listWrites } from "./list-writes.js";

export const listCommands: readonly Command[] = [...listReads, ...listWrites, ...listMoves, ...listWaits];
