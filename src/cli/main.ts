#!/usr/bin/env node
/** The `torus` command. Only what the subcommand needs is loaded, for `server` must answer soon after it starts. */
import { Command } from "commander";
import { version } from "../base/version.js";
import { ConfigError } from "../config/config-error.js";
import { HostError } from "../host/host-error.js";
import { failWith } from "../host/node/process.js";
import { declareServer } from "./server.js";

const program = new Command("torus")
  .description("TorusKV: a Redis-protocol key-value cluster")
  .version(version)
  .showHelpAfterError();
declareServer(program);

try {
  await program.parseAsync();
} catch (error) {
  // The operator's mistakes and the world's refusals are told in a line; anything else is ours and keeps its trace.
  if (!(error instanceof ConfigError || error instanceof HostError)) throw error;
  failWith(`torus: ${error.message}`);
}
