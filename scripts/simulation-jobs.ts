/** Runs many seeds in several processes, and says which of them failed. */
import { type ChildProcess, fork } from "node:child_process";
import { constants, setPriority } from "node:os";
import { fileURLToPath } from "node:url";

export interface SeedRun {
  /** Of a simulation (simulations.ts). */
  readonly name: string;
  readonly seed: number;
}

export interface Failure extends SeedRun {
  /** Its first line says what was broken. */
  readonly message: string;
}

export interface JobsOptions {
  /** Processes at a time. */
  readonly jobs: number;
  /** Slots of a cluster; the usual number if undefined. */
  readonly slots: number | undefined;
  /** Seeds that have not begun within so many minutes are left out. */
  readonly minutes: number;
  readonly say: (line: string) => void;
}

/** What a worker tells (simulation-worker.ts). */
export type WorkerMessage = "ready" | { readonly broken: string | undefined };

/** A run of some seconds that takes so long does not end, or is of no use. */
const RUN_MS_MAX = 300_000;
const SAID_EVERY = 100;
const WORKER = new URL("./simulation-worker.js", import.meta.url);
const FEW_SLOTS = new URL("./few-slots.js", import.meta.url);

export interface Outcome {
  /** Those for which there was time. */
  readonly done: readonly SeedRun[];
  /** Those of them that broke a promise, never ended, or took their process with them. */
  readonly failures: readonly Failure[];
}

/** Runs all, in about that order. */
export async function runJobs(runs: readonly SeedRun[], options: JobsOptions): Promise<Outcome> {
  const waiting = [...runs].reverse();
  const done: SeedRun[] = [];
  const failures: Failure[] = [];
  const endMs = performance.now() + options.minutes * 60_000;
  const work = async () => {
    let worker: Worker | undefined;
    for (let run = waiting.pop(); run !== undefined && performance.now() < endMs; run = waiting.pop()) {
      worker ??= new Worker(options.slots);
      const message = await worker.run(run);
      if (worker.isOver) worker = undefined;
      done.push(run);
      if (done.length % SAID_EVERY === 0) options.say(`${done.length} of ${runs.length} seeds`);
      if (message === undefined) continue;
      failures.push({ ...run, message });
      options.say(`${run.name} seed ${run.seed} failed: ${firstLineOf(message)}`);
    }
    worker?.end();
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  return { done, failures };
}

/** How many seeds of each simulation were run and failed, and what broke, the most frequent first. */
export function report({ done, failures }: Outcome): string {
  const lines: string[] = [];
  for (const [name, all] of grouped(done, (run) => run.name)) {
    const failed = failures.filter((failure) => failure.name === name);
    const seeds = failed.map(({ seed }) => seed).sort((a, b) => a - b);
    const outcome = seeds.length === 0 ? "no promise broken" : `${seeds.length} failed: ${seeds.join(" ")}`;
    const first = Math.min(...all.map(({ seed }) => seed));
    lines.push(`${name}: ${all.length} seeds from ${first} on, ${outcome}`);
  }
  const kinds = [...grouped(failures, ({ message }) => kindOf(message))];
  for (const [kind, those] of kinds.sort(([, a], [, b]) => b.length - a.length)) {
    lines.push("", `${those.length} times: ${kind}`);
    for (const { name, seed, message } of those) lines.push(`  ${name} ${seed}: ${firstLineOf(message)}`);
  }
  return lines.join("\n");
}

/** What broke, without the names and numbers that tell one time from another. */
function kindOf(message: string): string {
  const what = firstLineOf(message).replace(/^.*?seed \d+: /, "");
  return what.replace(/\d+/g, "#").slice(0, 100);
}

function firstLineOf(message: string): string {
  return message.split("\n", 1)[0]!;
}

function grouped<Item>(items: readonly Item[], nameOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(nameOf(item));
    if (group === undefined) groups.set(nameOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** A process that runs one seed after the other. */
class Worker {
  /** It has ended, or is about to. */
  isOver = false;
  readonly #process: ChildProcess;
  readonly #ready: Promise<void>;
  #ended = "its process ended";

  constructor(slots: number | undefined) {
    const execArgv = ["--enable-source-maps"];
    if (slots !== undefined) execArgv.push("--import", FEW_SLOTS.href);
    const env = { ...process.env, ...(slots === undefined ? {} : { SIMULATED_SLOTS: String(slots) }) };
    this.#process = fork(fileURLToPath(WORKER), { execArgv, env });
    if (this.#process.pid !== undefined) setPriority(this.#process.pid, constants.priority.PRIORITY_LOW);
    this.#ready = new Promise((resolve) => {
      this.#process.once("message", () => resolve());
      this.#process.once("exit", () => resolve());
    });
    this.#process.once("exit", (code, signal) => {
      this.isOver = true;
      this.#ended = `its process ended with ${signal ?? `status ${code}`}`;
    });
  }

  /** Resolves with what broke, or undefined. */
  async run(run: SeedRun): Promise<string | undefined> {
    await this.#ready;
    if (this.isOver) return this.#ended;
    return new Promise((resolve) => {
      const settle = (message: string | undefined) => {
        clearTimeout(patience);
        this.#process.removeListener("message", told);
        this.#process.removeListener("exit", exited);
        resolve(message);
      };
      const told = (message: WorkerMessage) => settle(message === "ready" ? undefined : message.broken);
      const exited = () => settle(this.#ended);
      const patience = setTimeout(() => {
        this.isOver = true;
        this.#process.kill("SIGKILL");
        settle(`it did not end within ${RUN_MS_MAX / 1000} s`);
      }, RUN_MS_MAX);
      this.#process.on("message", told);
      this.#process.once("exit", exited);
      this.#process.send(run);
    });
  }

  end(): void {
    this.#process.disconnect();
  }
}
