/** The one table of all commands: what is not here does not exist. */
import type { Command } from "./command.js";
import { configCommand } from "./configuration.js";
import { connectionCommands } from "./connection.js";
import { hashCommands } from "./hashes.js";
import { infoCommand } from "./info.js";
import { commandCommand } from "./introspection.js";
import { stringCommands } from "./strings.js";
import { transactionCommands } from "./transactions.js";

export const commands: readonly Command[] = [
  ...connectionCommands,
  ...hashCommands,
  infoCommand,
  configCommand,
  commandCommand,
  ...stringCommands,
  ...transactionCommands,
];

export const commandByName: ReadonlyMap<string, Command> = new Map(
  commands.map((command) => [command.name, command]),
);
