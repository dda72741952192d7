/** All commands on streams. */
import type { Command } from "./command.js";
import { streamClaims } from "./stream-claims.js";
import { streamDeliveries } from "./stream-deliveries.js";
import { streamGroups } from "./stream-groups.js";
import { streamInfo } from "./stream-info.js";
import { streamReads } from "./stream-reads.js";
import { streamWrites } from "./stream-writes.js";

export const streamCommands: readonly Command[] = [
  ...streamReads,
  ...streamWrites,
  ...streamDeliveries,
  ...streamGroups,
  ...streamClaims,
  ...streamInfo,
];
