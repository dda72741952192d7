#!/usr/bin/env node
/** The `torus` command. Only what the subcommand needs is loaded, for `server` must answer soon after it starts. */
import { Command } from "commander";
import { version } from "../base/version.js";
import { ConfigError } from "../config/config-error.js";
import { HostError } from "../host/host-error.js";
import { commandLine, failWith } from "../host/node/process.js";

type Declare = (program: Command) => void;

/** In the order of the help. */
const subcommands: Readonly<Record<string, () => Promise<Declare>>> = {
  server: async () => (await import("./server.js")).declareServer,
  check: async () => (await import("./check.js")).declareCheck,
  backup: async () => (await import("./backup.js")).declareBackup,
  restore: async () => (await import("./restore.js")).declareRestore,
  status: async () => (await import("./status.js")).declareStatus,
  members: async () => (await import("./members.js")).declareMembers,
  ring: async () => (await import("./ring.js")).declareRing,
  leave: async () => (await import("./leave.js")).declareLeave,
  forget: async () => (await import("./forget.js")).declareForget,
  demo: async () => (await import("./demo.js")).declareDemo,
};

/** The operator's mistakes and the world's refusals: told in a line. Anything else is ours and keeps its trace. */
const TOLD_IN_A_LINE: ReadonlySet<string> = new Set([
  ConfigError.name,
  HostError.name,
  "CommandFailure",
  "DamagedLog",
  "ReplyError",
  "Unreachable",
  "UnusableDirectory",
  "UnusableSnapshot",
]);

const program = new Command("torus")
  .description("TorusKV: a Redis-protocol key-value cluster")
  .version(version)
  .showHelpAfterError();
const asked = subcommands[commandLine[0] ?? ""];
// Help, and what is no subcommand, are about all of them.
for (const load of asked === undefined ? Object.values(subcommands) : [asked]) (await load())(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Error) || !TOLD_IN_A_LINE.has(error.name)) throw error;
  failWith(`torus: ${error.message}`);
}
