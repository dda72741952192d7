/** The contenders and their processes: starts a server by its command line, waits for its PONG, stops it. */
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Children } from "./children.js";
import type { Role } from "./pinning.js";
import { Connection } from "./resp.js";

export interface Contender {
  readonly side: Side;
  readonly name: string;
  /** `{port}` and `{dir}` stand for what each start chooses. */
  readonly command: readonly string[];
  /** Whether flags may be added to the command. One that the user gave is taken as it is. */
  readonly takesFlags: boolean;
}

export interface StartOptions {
  /** What is kept, and how: flags that both contenders know. Nothing, if left out. */
  readonly flags?: readonly string[];
  /** Where; a directory that goes with the server, if left out. */
  readonly directory?: string;
  /** Where it runs; as a server if left out. */
  readonly role?: Role;
  /** Where clients find it; any free one, if left out. */
  readonly port?: number;
}

/** Neither side writes to disk: this is about memory and the network. */
export const withoutDisk = ["--save", "", "--appendonly", "no"];
/** A log that is never shortened: when that happens is chance. */
export const withLog = [
  ...["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"],
  ...["--auto-aof-rewrite-percentage", "0"],
];

export type Side = "ours" | "rival";

export interface Server {
  readonly side: Side;
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** From just before the process was spawned to its first PONG. */
  readonly firstPongMs: number;
  stop(): Promise<void>;
  /** Ends it as a crash would: nothing is saved, and the directory stays if it was given. */
  kill(): Promise<void>;
}

/** Loading five million keys takes some seconds. */
const startMsMax = 120_000;
/** Long enough to write a CPU profile at exit; a server that needs longer is killed. */
const stopMsMax = 15_000;
/** How finely the time to the first PONG is seen. */
const retryMs = 1;

export async function startServer(
  children: Children,
  contender: Contender,
  { flags = withoutDisk, directory: given, role = "server", port: wanted }: StartOptions = {},
): Promise<Server> {
  const directory = given ?? children.temporaryDirectory();
  const port = wanted ?? (await freePort());
  const words = [...contender.command, ...(contender.takesFlags ? flags : [])];
  const command = words.map((word) => word.replaceAll("{port}", String(port)).replaceAll("{dir}", directory));
  const logPath = join(directory, "server.log");
  const log = openSync(logPath, "w");
  const startedMs = performance.now();
  const child = children.spawn(command, { role, cwd: directory, stdio: ["ignore", log, log] });
  closeSync(log);
  const lastWords = (): string => readFileSync(logPath, "utf8").trim().slice(-2000);
  try {
    await firstPong(child, port);
  } catch (cause) {
    throw new Error(`${command.join(" ")}: ${String(cause)}\n${lastWords()}`, { cause });
  }
  const firstPongMs = performance.now() - startedMs;
  const tellOfDeath = (code: number | null, signal: string | null): void => {
    process.stderr.write(
      `${contender.name} ended unasked (${signal ?? code}); its last words:\n${lastWords()}\n`,
    );
  };
  child.once("exit", tellOfDeath);
  const endBy = (end: () => Promise<void>) => async (): Promise<void> => {
    child.off("exit", tellOfDeath);
    await end();
    if (given === undefined) children.removeDirectory(directory);
  };
  const stop = endBy(() => children.stop(child, stopMsMax));
  const kill = endBy(() => children.kill(child));
  const { side, name } = contender;
  return { side, name, port, pid: child.pid!, firstPongMs, stop, kill };
}

/** Connects until somebody listens, then asks until PONG comes: a server may listen before it serves. */
async function firstPong(child: ChildProcess, port: number): Promise<void> {
  let failure: Error | undefined;
  child.once("error", (error) => (failure = error));
  const deadlineMs = performance.now() + startMsMax;
  for (let reply = ""; reply !== "PONG"; reply = await replyToPing(port)) {
    if (failure !== undefined) throw failure;
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("it ended before it answered");
    if (performance.now() > deadlineMs) throw new Error(`no PONG within ${startMsMax} ms, only: ${reply}`);
    await pause(retryMs);
  }
}

/** What came instead of an answer too: nobody listens yet, or the server is loading, or it knows no PING. */
async function replyToPing(port: number): Promise<string> {
  try {
    const connection = await Connection.open(port);
    try {
      return await connection.call("PING");
    } finally {
      connection.close();
    }
  } catch (error) {
    return String(error);
  }
}

/** Free when asked. Somebody may take it before the server does; then the start fails and says so. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
