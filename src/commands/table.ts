/** The one table of all commands: what is not here does not exist. */

import { aclCommand } from "./acl.js";
import { bitCommands } from "./bits.js";
import { clusterCommand } from "./cluster.js";
import { clusterClientCommands } from "./cluster-clients.js";
import type { Command } from "./command.js";
import { configCommand } from "./configuration.js";
import { connectionCommands } from "./connection.js";
import { counterCommands } from "./counters.js";
import { databaseCommands } from "./databases.js";
import { debugCommand } from "./debug.js";
import { dumpCommands } from "./dumps.js";
import { expiryCommands } from "./expiry.js";
import { geoCommands } from "./geo.js";
import { hashCommands } from "./hashes.js";
import { hyperLogLogCommands } from "./hyperloglogs.js";
import { infoCommand } from "./info.js";
import { commandCommand } from "./introspection.js";
import { keyWalkCommands } from "./key-walks.js";
import { keyCommands } from "./keys.js";
import { latencyCommand } from "./latency-commands.js";
import { lcsCommand } from "./lcs.js";
import { listCommands } from "./lists.js";
import { lolwutCommand } from "./lolwut.js";
import { memoryCommand } from "./memory.js";
import { monitorCommand } from "./monitor.js";
import { nodeControlCommands } from "./node-control.js";
import { objectCommands } from "./objects.js";
import { persistenceCommands } from "./persistence.js";
import { pubsubCommands } from "./pubsub.js";
import { setCommands } from "./sets.js";
import { slowlogCommand } from "./slowlog-commands.js";
import { sortCommands } from "./sort.js";
import { sortedSetCommands } from "./sorted-sets.js";
import { streamCommands } from "./streams.js";
import { stringRangeCommands } from "./string-ranges.js";
import { stringCommands } from "./strings.js";
import { torusCommand } from "./torus.js";
import { transactionCommands } from "./transactions.js";
import { waitCommand } from "./wait.js";

export const commands: readonly Command[] = [
  aclCommand,
  ...bitCommands,
  clusterCommand,
  ...clusterClientCommands,
  commandCommand,
  configCommand,
  ...connectionCommands,
  ...counterCommands,
  ...databaseCommands,
  debugCommand,
  ...dumpCommands,
  ...expiryCommands,
  ...geoCommands,
  ...hashCommands,
  ...hyperLogLogCommands,
  infoCommand,
  ...keyCommands,
  ...keyWalkCommands,
  latencyCommand,
  lcsCommand,
  ...listCommands,
  lolwutCommand,
  memoryCommand,
  monitorCommand,
  ...nodeControlCommands,
  ...objectCommands,
  ...persistenceCommands,
  ...pubsubCommands,
  ...setCommands,
  slowlogCommand,
  ...sortedSetCommands,
  ...sortCommands,
  ...stringRangeCommands,
  ...streamCommands,
  ...stringCommands,
  torusCommand,
  ...transactionCommands,
  waitCommand,
];

export const commandByName: ReadonlyMap<string, Command> = new Map(
  commands.map((command) => [command.name, command]),
);
