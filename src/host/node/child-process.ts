/** This program once more, as a process of its own whose output is read here and kept in a file. */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";

/** How a process ended: by itself, or by a signal. */
export type Ending = { readonly status: number } | { readonly signal: string };

export interface ChildOptions {
  /** The words behind the name of the program. */
  readonly words: readonly string[];
  /** Appended to: what the process prints, on either output. */
  readonly logFile: string;
  /** Told of each line that it prints. */
  readonly onLine: (line: string) => void;
}

export interface Child {
  /** Resolves when the process is gone and all that it printed has been told of. */
  readonly ended: Promise<Ending>;
  /** Asks it to stop; the hard way, if it is still there after a time. */
  stop(): void;
}

/** Longer than a node takes to stop that has much to write. */
const STOP_PATIENCE_MS = 20_000;

/** Never throws: a program that cannot be run is one that prints why and ends at once. */
export function spawnOwnProgram({ words, logFile, onLine }: ChildOptions): Child {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(logFile, { flags: "a" });
  // A log that cannot be written is told of once, where its lines would be; the process goes on.
  log.on("error", (error) => onLine(`${logFile}: ${error.message}`));
  for (const output of [child.stdout, child.stderr]) {
    output.pipe(log, { end: false });
    createInterface({ input: output }).on("line", onLine);
  }
  return { ended: endOf(child, log, onLine), stop: () => stop(child) };
}

function endOf(child: ChildProcess, log: WriteStream, onLine: (line: string) => void): Promise<Ending> {
  return new Promise((resolve) => {
    let ending: Ending = { status: 1 };
    child.on("error", (error) => onLine(error.message));
    child.on("exit", (status, signal) => {
      ending = signal === null ? { status: status ?? 1 } : { signal };
    });
    child.on("close", () => {
      log.end();
      resolve(ending);
    });
  });
}

function stop(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const impatience = setTimeout(() => child.kill("SIGKILL"), STOP_PATIENCE_MS);
  child.on("close", () => clearTimeout(impatience));
}
