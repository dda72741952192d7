/**
 * MONITOR: shows some clients what all clients of this node send, whoever executes it. What other nodes send here for theirs is
 * shown there.
 */
import type { Call } from "../commands/call.js";
import type { Command } from "../commands/command.js";
import type { Clock } from "../host/clock.js";
import type { Timers } from "../host/timers.js";
import { BACKSLASH, DOUBLE_QUOTE } from "../protocol/ascii.js";
import type { Client } from "./client.js";

const MICROS_PER_MS = 1000;
const MICROS_PER_SECOND = 1_000_000;
const MICROS_DIGITS = 6;
/** Of the arguments of one command so many bytes are shown at most: what is longer is of no use to who reads, and V8 makes no string of half a gigabyte. */
const SHOWN_BYTES_MAX = 1024 * 1024;
const SHOWN_ARGUMENTS_MAX = 64 * 1024;
/** Characters that gather in a turn before they are sent. */
const GATHERED_MAX = 16 * 1024 * 1024;
const FIRST_PRINTABLE = 0x20;
const LAST_PRINTABLE = 0x7e;
const ESCAPES: ReadonlyMap<number, string> = new Map([
  [BACKSLASH, "\\\\"],
  [DOUBLE_QUOTE, '\\"'],
  [0x0a, "\\n"],
  [0x0d, "\\r"],
  [0x09, "\\t"],
  [0x07, "\\a"],
  [0x08, "\\b"],
]);

export interface MonitorsOptions {
  readonly clock: Clock;
  readonly timers: Timers;
}

export class Monitors {
  readonly #clients = new Set<Client>();
  readonly #clock: Clock;
  readonly #timers: Timers;
  /** What was sent in this turn of the loop. */
  #lines: string[] = [];
  /** Characters of those that were not sent yet. */
  #gathered = 0;

  constructor({ clock, timers }: MonitorsOptions) {
    this.#clock = clock;
    this.#timers = timers;
  }

  get isEmpty(): boolean {
    return this.#clients.size === 0;
  }

  has(client: Client): boolean {
    return this.#clients.has(client);
  }

  add(client: Client): void {
    this.#clients.add(client);
  }

  delete(client: Client): void {
    this.#clients.delete(client);
  }

  /** Shows a command. Those who watch are told when the turn is over, with one write, behind the replies of their own commands. */
  show(client: Client, command: Command, call: Call): void {
    if (this.#lines.length === 0) this.#timers.afterTurn(() => this.#tell());
    const line = this.#lineOf(client, command, call);
    this.#lines.push(line);
    this.#gathered += line.length;
    if (this.#gathered > GATHERED_MAX) this.#send();
  }

  #tell(): void {
    this.#send();
    this.#lines = [];
  }

  /** What is sent is no longer there, but a turn has been asked for the end of. */
  #send(): void {
    const bytes = Buffer.from(this.#lines.join(""), "latin1");
    this.#lines = [""];
    this.#gathered = 0;
    if (bytes.length === 0) return;
    for (const client of this.#clients) client.output.tell(bytes);
  }

  #lineOf({ database, isUnix, remote }: Client, command: Command, call: Call): string {
    const micros = Math.floor(this.#clock.wallMs() * MICROS_PER_MS);
    const seconds = Math.floor(micros / MICROS_PER_SECOND);
    const rest = String(micros % MICROS_PER_SECOND).padStart(MICROS_DIGITS, "0");
    const address = isUnix ? `unix:${remote.replace(/:0$/, "")}` : remote;
    const secrets = command.secrets?.(call) ?? [];
    let line = `+${seconds}.${rest} [${database} ${address}]`;
    let left = SHOWN_BYTES_MAX;
    const shown = Math.min(call.count, SHOWN_ARGUMENTS_MAX);
    for (let i = 0; i < shown; i++) {
      const length = Math.min(call.length(i), left);
      left -= length;
      line += secrets.includes(i) ? ' "(redacted)"' : ` "${quotedHead(call, i, length)}"`;
    }
    if (shown < call.count) line += ` "... (${call.count - shown} more arguments)"`;
    return `${line}\r\n`;
  }
}

/** How an argument begins, and how much follows, in the words of the slow log. */
function quotedHead(call: Call, index: number, length: number): string {
  const start = call.start(index);
  const text = quoted(call.bytes, start, start + length);
  const rest = call.length(index) - length;
  return rest === 0 ? text : `${text}... (${rest} more bytes)`;
}

/** As Redis's `sdscatrepr` writes bytes. */
function quoted(bytes: Buffer, start: number, end: number): string {
  let text = "";
  let plainFrom = start;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    const isPlain =
      byte >= FIRST_PRINTABLE && byte <= LAST_PRINTABLE && byte !== BACKSLASH && byte !== DOUBLE_QUOTE;
    if (isPlain) continue;
    text += bytes.toString("latin1", plainFrom, at);
    text += ESCAPES.get(byte) ?? `\\x${byte.toString(16).padStart(2, "0")}`;
    plainFrom = at + 1;
  }
  return text + bytes.toString("latin1", plainFrom, end);
}
