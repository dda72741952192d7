/** The circumstances of a run: without machine and versions, a figure cannot be held against another. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import type { Pinning } from "../pinning.js";
import { openFilesMax } from "../proc.js";
import type { Contender } from "../servers.js";
import type { ContenderFacts } from "./report.js";

export interface MachineFacts {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly system: string;
  readonly node: string;
  readonly loadGenerator: string;
  readonly pinning: string;
  readonly openFilesMax: number;
}

export function machineFacts(pinning: Pinning): MachineFacts {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    loadGenerator: firstLineOf("redis-benchmark", ["--version"]) ?? "unknown",
    pinning:
      pinning === undefined ? "none" : `server on core ${pinning.server}, load on core ${pinning.load}`,
    openFilesMax: openFilesMax(),
  };
}

export function contenderFacts(contender: Contender, repository: string): ContenderFacts {
  const { side, name, command } = contender;
  return { side, name, version: versionOf(contender, repository), command: commandLineOf(command) };
}

/** Of our own server the package and the commit; of any other what its program says of itself. */
function versionOf({ side, command }: Contender, repository: string): string {
  const program = command[0] ?? "";
  if (side === "rival" || program !== process.execPath) {
    const line = firstLineOf(program, ["--version"]) ?? "unknown";
    return /\d+\.\d+\.\d+/.exec(line)?.[0] ?? line;
  }
  const { version } = JSON.parse(readFileSync(`${repository}package.json`, "utf8")) as { version: string };
  const commit = firstLineOf("git", ["-C", repository, "describe", "--always", "--dirty"]);
  return commit === undefined ? version : `${version} (commit ${commit})`;
}

/** First line that a program prints; undefined if it cannot be run. */
export function firstLineOf(program: string, args: readonly string[]): string | undefined {
  try {
    const stdio = ["ignore", "pipe", "ignore"] as const;
    return execFileSync(program, args, { encoding: "utf8", stdio: [...stdio] }).split("\n")[0];
  } catch {
    return undefined; // Not installed, or not a repository: the caller says what that means.
  }
}

/** A command as one would type it. */
export function commandLineOf(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

function quoted(word: string): string {
  return /^[\w./:{}=,+-]+$/.test(word) ? word : `"${word}"`;
}
