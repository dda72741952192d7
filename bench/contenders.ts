/** Who competes: our built server, and redis-server unless another rival is named or none is to be had. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Options } from "./options.js";
import { firstLineOf } from "./report/facts.js";
import type { Contender } from "./servers.js";

export const repository = fileURLToPath(new URL("../../", import.meta.url));
export const resultsDirectory = `${repository}bench/results`;

/** Room for the crowd of 10,000 and for those who watch it. */
const clientsMax = "12000";

export function ourContender(options: Options): Contender {
  if (options.ours !== undefined)
    return { side: "ours", name: "ours", command: options.ours, takesFlags: false };
  const script = `${repository}dist/cli/main.js`;
  if (!existsSync(script))
    throw new RangeError(`${script} is not there: build first (npm run build), or name a server by --ours`);
  const flags = withProfileDirectory(options.nodeFlags);
  const command = [
    process.execPath,
    ...flags,
    script,
    "server",
    "--port",
    "{port}",
    ...["--dir", "{dir}", "--maxclients", clientsMax],
  ];
  return { side: "ours", name: "torus", command, takesFlags: true };
}

/** Undefined if there is nobody to compare with. */
export function rivalContender(options: Options): Contender | undefined {
  if (options.alone) return undefined;
  if (options.against !== undefined)
    return { side: "rival", name: nameOf(options.against), command: options.against, takesFlags: false };
  if (firstLineOf("redis-server", ["--version"]) === undefined) return undefined;
  return {
    side: "rival",
    name: "redis",
    command: [
      ...["redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--dir", "{dir}"],
      ...["--maxclients", clientsMax],
    ],
    takesFlags: true,
  };
}

/** Profiles are what outlives the server's own temporary directory. */
function withProfileDirectory(flags: readonly string[]): readonly string[] {
  const profiling = flags.find((flag) => /^--(cpu|heap)-prof$/.test(flag));
  const named = flags.some((flag) => /^--(cpu|heap)-prof-dir/.test(flag));
  return profiling === undefined || named
    ? flags
    : [...flags, `${profiling}-dir=${resultsDirectory}/profiles`];
}

function nameOf(command: readonly string[]): string {
  const program = command[0]?.split("/").at(-1) ?? "rival";
  return program === "redis-server" ? "redis" : program;
}
