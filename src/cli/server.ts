/** `torus server`: runs a node until it is told to stop. */
import type { Command } from "commander";
import { type Config, serverDefaultConfig } from "../config/config.js";
import { readConfigFile } from "../config/config-file.js";
import { readEnvironment } from "../config/environment.js";
import { declareFlags } from "../config/flags.js";
import { combineSettings } from "../config/load.js";
import { nodeFiles } from "../host/node/files.js";
import type { LogLevel } from "../host/node/log.js";
import { createNodeHost } from "../host/node/node-host.js";
import { environment, failWith, onceAskedToStop } from "../host/node/process.js";
import { runNode } from "../node.js";

const LOG_LEVELS: Readonly<Record<Config["loglevel"], LogLevel>> = {
  debug: "debug",
  verbose: "debug",
  notice: "info",
  warning: "warn",
};

export function declareServer(program: Command): void {
  const command = program.command("server").description("run a node");
  const readFlags = declareFlags(command);
  command.action(async () => {
    const flags = readFlags();
    const variables = readEnvironment(environment);
    const configFile = flags.configFile ?? variables.configFile ?? "";
    const file = configFile === "" ? [] : readConfigFile(await nodeFiles.readText(configFile), configFile);
    await serve(
      combineSettings({ file, environment: variables.settings, flags: flags.settings }, serverDefaultConfig),
      configFile,
    );
  });
}

async function serve(config: Config, configFile: string): Promise<void> {
  const host = createNodeHost({
    log: { level: LOG_LEVELS[config.loglevel], format: "text" },
  });
  let stop = (_error?: unknown): void => {};
  const stopped = new Promise<unknown>((resolve) => {
    stop = resolve;
  });
  const node = await runNode({
    host,
    config,
    defaults: serverDefaultConfig,
    configFile,
    stopped: (error) => stop(error),
  });
  onceAskedToStop(() => stop());
  const error = await stopped;
  if (error !== undefined) failWith("torus: stopped on a fault of its own, see the log");
  await node.close();
  host.log.close();
}
