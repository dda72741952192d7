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
    this.#lines.push(this.#lineOf(client, command, call));
  }

  #tell(): void {
    const bytes = Buffer.from(this.#lines.join(""), "latin1");
    this.#lines = [];
    for (const client of this.#clients) client.tell(bytes);
  }

  #lineOf({ database, isUnix, remote }: Client, command: Command, call: Call): string {
    const micros = Math.floor(this.#clock.wallMs() * MICROS_PER_MS);
    const seconds = Math.floor(micros / MICROS_PER_SECOND);
    const rest = String(micros % MICROS_PER_SECOND).padStart(MICROS_DIGITS, "0");
    const address = isUnix ? `unix:${remote.replace(/:0$/, "")}` : remote;
    const secrets = command.secrets?.(call) ?? [];
    let line = `+${seconds}.${rest} [${database} ${address}]`;
    for (let i = 0; i < call.count; i++) {
      line += secrets.includes(i) ? ' "(redacted)"' : ` "${quoted(call.bytes, call.start(i), call.end(i))}"`;
    }
    return `${line}\r\n`;
  }
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
