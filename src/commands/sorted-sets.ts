/** All commands on sorted sets. */
import type { Command } from "./command.js";
import { sortedSetOperations } from "./sorted-set-operations.js";
import { sortedSetRanges } from "./sorted-set-ranges.js";
import { sortedSetReads } from "./sorted-set-reads.js";
import { sortedSetRemovals } from "./sorted-set-removals.js";
import { sortedSetWaits } from "./sorted-set-waits.js";
import { sortedSetWrites } from "./sorted-set-writes.js";

export const sortedSetCommands: readonly Command[] = [
  ...sortedSetReads,
  ...sortedSetRanges,
  ...sortedSetWrites,
  ...sortedSetRemovals,
  ...sortedSetWaits,
  ...sortedSetOperations,
];
