/**
 * The operator's log, through pino. Loading pino takes longer than all else at start, so the first lines wait
 * in a queue until the process has had time to answer its first client; they are not lost if it ends before.
 */
import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import type { DestinationStream, Logger } from "pino";
import type { Log, LogValues } from "../log.js";
import { toTextLine } from "./log-line.js";
import { toHostError } from "./os-error.js";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** `text` for people, on terminals and in `docker logs`; `json` for collectors. */
export type LogFormat = "text" | "json";

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Appended to; standard output if left out. */
  readonly file?: string | undefined;
}

export interface NodeLog extends Log {
  /** May be changed at any time. */
  level: LogLevel;
  /** Writes what waits and lets the file go. Lines after that are dropped. */
  close(): void;
}

interface Line {
  readonly level: Exclude<LogLevel, "silent">;
  readonly atMs: number;
  readonly message: string;
  readonly values: LogValues | undefined;
}

/** Longer than a start takes, too short for an operator to notice. */
const LOAD_DELAY_MS = 250;
/** A queue that reaches this length is written at once, at the cost of loading pino early. */
const WAITING_MAX = 1000;
const STANDARD_OUTPUT = 1;

const SEVERITY: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

/** Logs with lines that wait; they are written when the process exits, however it comes to that. */
const logsWaiting = new Set<PinoLog>();
let exitIsWatched = false;

/** Throws a `HostError` if the file cannot be opened. */
export function createNodeLog(options: LogOptions): NodeLog {
  return new PinoLog(options);
}

class PinoLog implements NodeLog {
  level: LogLevel;
  private readonly descriptor: number;
  private readonly format: LogFormat;
  private waiting: Line[] = [];
  private loading: NodeJS.Timeout | undefined;
  private sink: Sink | undefined;
  private isClosed = false;

  constructor({ level, format, file }: LogOptions) {
    this.level = level;
    this.format = format;
    this.descriptor = file === undefined ? STANDARD_OUTPUT : openForAppend(file);
  }

  debug(message: string, values?: LogValues): void {
    this.add("debug", message, values);
  }
  info(message: string, values?: LogValues): void {
    this.add("info", message, values);
  }
  warn(message: string, values?: LogValues): void {
    this.add("warn", message, values);
  }
  error(message: string, values?: LogValues): void {
    this.add("error", message, values);
  }

  close(): void {
    if (this.isClosed) return;
    this.writeWaiting();
    this.isClosed = true;
    if (this.descriptor !== STANDARD_OUTPUT) closeSync(this.descriptor);
  }

  private add(level: Line["level"], message: string, values: LogValues | undefined): void {
    if (this.isClosed || SEVERITY[level] < SEVERITY[this.level]) return;
    const line = { level, atMs: Date.now(), message, values };
    if (this.sink !== undefined) {
      this.sink.write(line);
      return;
    }
    this.waiting.push(line);
    if (this.waiting.length >= WAITING_MAX) this.writeWaiting();
    else this.loading ??= this.loadSoon();
  }

  private loadSoon(): NodeJS.Timeout {
    if (!exitIsWatched) {
      exitIsWatched = true;
      process.on("exit", () => {
        for (const log of logsWaiting) log.writeWaiting();
      });
    }
    logsWaiting.add(this);
    return setTimeout(() => this.writeWaiting(), LOAD_DELAY_MS).unref();
  }

  private writeWaiting(): void {
    clearTimeout(this.loading);
    logsWaiting.delete(this);
    if (this.waiting.length === 0) return;
    this.sink ??= new Sink(this.descriptor, this.format);
    for (const line of this.waiting) this.sink.write(line);
    this.waiting = [];
  }
}

/** A pino logger that keeps the time at which a line was said, not written. */
class Sink {
  private readonly logger: Logger;
  private lineAtMs = 0;

  constructor(descriptor: number, format: LogFormat) {
    const pino = createRequire(import.meta.url)("pino") as typeof import("pino");
    // Written before the call returns: nothing to flush, nothing lost in a crash, and lines are rare.
    const destination = pino.destination({ dest: descriptor, sync: true });
    // A log that cannot be written (a full disk) has nowhere to say so, and the node serves on.
    destination.on("error", () => {});
    this.logger = pino(
      {
        level: "debug",
        base: { pid: process.pid },
        timestamp: () => `,"time":"${new Date(this.lineAtMs).toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
        ...(format === "text" ? { hooks: { streamWrite: toTextLine } } : {}),
      },
      destination satisfies DestinationStream,
    );
  }

  write({ level, atMs, message, values }: Line): void {
    this.lineAtMs = atMs;
    this.logger[level](values ?? {}, message);
  }
}

function openForAppend(path: string): number {
  try {
    return openSync(path, "a");
  } catch (error) {
    throw toHostError(error);
  }
}
