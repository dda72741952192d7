/** The one table of all commands: what is not here does not exist. */
import type { Command } from "./command.js";
import { connectionCommands } from "./connection.js";
import { hashCommands } from "./hashes.js";
import { infoCommand } from "./info.js";
import { stringCommands } from "./strings.js";
import { transactionCommands } from "./transactions.js";

export const commands: readonly Command[] = [
  ...connectionCommands,
  ...hashCommands,
  infoCommand,
  ...stringCommands,
  ...transactionCommands,
];

export const commandByName: ReadonlyMap<string, Command> = new Map(
  commands.map((command) => [command.name, command]),
);
