/**
 * Every process and temporary directory that a benchmark makes, so that nothing outlives it: on success,
 * failure, Ctrl-C or time-out alike. Kills by process id, and only what it started itself.
 */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Pinning, pinned, type Role } from "./pinning.js";

export interface SpawnOptions {
  readonly role: Role;
  readonly cwd?: string;
  readonly stdio?: StdioOptions;
}

export class Children {
  private readonly living = new Set<ChildProcess>();
  private readonly directories = new Set<string>();

  constructor(private readonly pinning: Pinning) {}

  /** The process id is that of the command itself: `taskset` replaces itself by it. */
  spawn(command: readonly string[], options: SpawnOptions): ChildProcess {
    const [file, ...args] = pinned(this.pinning, options.role, command);
    if (file === undefined) throw new RangeError("an empty command line");
    const child = spawn(file, args, {
      stdio: options.stdio ?? "ignore",
      ...(options.cwd && { cwd: options.cwd }),
    });
    this.living.add(child);
    // A command that does not exist never exits: it only errs.
    child.once("error", () => this.living.delete(child));
    child.once("exit", () => this.living.delete(child));
    return child;
  }

  /** Runs a command to its end and gives what it printed. Rejects if it fails or takes longer than `timeoutMs`. */
  async run(command: readonly string[], options: { role: Role; timeoutMs: number }): Promise<string> {
    const child = this.spawn(command, { role: options.role, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let complaints = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    const overdue = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs);
    try {
      const [code, signal] = (await once(child, "close")) as [number | null, string | null];
      if (code === 0) return output;
      const end = signal === null ? `exit ${code}` : `${signal} within ${options.timeoutMs} ms`;
      throw new Error(`${command.join(" ")}: ${end}: ${(complaints + output).trim().slice(-1000)}`);
    } finally {
      clearTimeout(overdue);
    }
  }

  /** Asks a process to end, and insists if it does not. Resolves when it is gone. */
  async stop(child: ChildProcess, patienceMs: number): Promise<void> {
    if (hasEnded(child)) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const overdue = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    await gone;
    clearTimeout(overdue);
  }

  /** Ends a process without asking it, as a crash would. Resolves when it is gone. */
  async kill(child: ChildProcess): Promise<void> {
    if (hasEnded(child)) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  /** Of the children that live. */
  pids(): number[] {
    return [...this.living].flatMap(({ pid }) => pid ?? []);
  }

  temporaryDirectory(): string {
    const directory = mkdtempSync(join(tmpdir(), "torus-bench-"));
    this.directories.add(directory);
    return directory;
  }

  removeDirectory(directory: string): void {
    rmSync(directory, { recursive: true, force: true });
    this.directories.delete(directory);
  }

  /** Synchronous, so that it also serves a process that is about to exit. */
  endAll(): void {
    for (const child of this.living) child.kill("SIGKILL");
    for (const directory of [...this.directories]) this.removeDirectory(directory);
  }
}

function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}
