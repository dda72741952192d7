/** The one table of all commands: what is not here does not exist. */

import { bitCommands } from "./bits.js";
import type { Command } from "./command.js";
import { configCommand } from "./configuration.js";
import { connectionCommands } from "./connection.js";
import { counterCommands } from "./counters.js";
import { databaseCommands } from "./databases.js";
import { expiryCommands } from "./expiry.js";
import { hashCommands } from "./hashes.js";
import { infoCommand } from "./info.js";
import { commandCommand } from "./introspection.js";
import { keyWalkCommands } from "./key-walks.js";
import { keyCommands } from "./keys.js";
import { objectCommands } from "./objects.js";
import { stringRangeCommands } from "./string-ranges.js";
import { stringCommands } from "./strings.js";
import { transactionCommands } from "./transactions.js";

export const commands: readonly Command[] = [
  ...bitCommands,
  commandCommand,
  configCommand,
  ...connectionCommands,
  ...counterCommands,
  ...databaseCommands,
  ...expiryCommands,
  ...hashCommands,
  infoCommand,
  ...keyCommands,
  ...keyWalkCommands,
  ...objectCommands,
  ...stringRangeCommands,
  ...stringCommands,
  ...transactionCommands,
];

export const commandByName: ReadonlyMap<string, Command> = new Map(
  commands.map((command) => [command.name, command]),
);
