import { Buffer } from "node:buffer";
import { notate } from "../support/notation.js";
import type { Reply } from "../support/reply.js";
import { encodeCommand } from "../support/request.js";
import { connectTo, type Target } from "../support/target.js";
import type { WireClient } from "../support/wire-client.js";
import type { Command } from "./group.js";
import type { Turn } from "./program.js";

/** Far more pages than any keyspace of a program has: a cursor that never ends is a failure, not a hang. */
const PAGES_MAX = 10_000;

/** Plays turns against one server and collects the replies, one a command. */
export class Player {
  private constructor(private readonly clients: readonly WireClient[]) {}

  /** Connects to a server and empties it. */
  static async ready(target: Target, protocols: readonly (2 | 3)[]): Promise<Player> {
    const clients = await Promise.all(protocols.map(() => connectTo(target)));
    await clients[0]!.call("FLUSHALL");
    for (const [i, protocol] of protocols.entries()) {
      if (protocol === 3) await clients[i]!.call("HELLO", 3);
    }
    return new Player(clients);
  }

  /** Sends the commands pipelined, up to each that must be followed through by itself. */
  async play(turn: Turn): Promise<Reply[]> {
    const client = this.clients[turn.connection]!;
    const replies: Reply[] = [];
    let batch: Command[] = [];
    const flush = async (): Promise<void> => {
      sendInPieces(client, batch, turn.cuts);
      for (const _ of batch) replies.push(await client.reply());
      batch = [];
    };
    for (const command of turn.commands) {
      if (cursorPosition(command) === undefined) {
        batch.push(command);
      } else {
        await flush();
        replies.push(await scanThrough(client, command));
      }
    }
    await flush();
    return replies;
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }
}

function sendInPieces(client: WireClient, commands: readonly Command[], cuts: readonly number[]): void {
  const bytes = Buffer.concat(commands.map(encode));
  const ends = [...cuts.map((share) => Math.floor(share * bytes.length)), bytes.length].sort((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    if (end > start) client.send(bytes.subarray(start, end));
    start = end;
  }
}

function encode(command: Command): Buffer {
  return encodeCommand(command.map((word) => Buffer.from(word, "latin1")));
}

/** Where a scan from the beginning has its cursor. */
function cursorPosition(command: Command): number | undefined {
  const name = command[0]!.toUpperCase();
  if (name === "SCAN" && command[1] === "0") return 1;
  if ((name === "HSCAN" || name === "ZSCAN") && command[2] === "0") return 2;
  return undefined;
}

/**
 * Scans from the beginning to the end and replies with the set of all items, in the order of their bytes: what a scan promises of a keyspace that nobody changes meanwhile. An error stays an error.
 */
async function scanThrough(client: WireClient, command: Command): Promise<Reply> {
  const at = cursorPosition(command)!;
  const found = new Map<string, Reply>();
  let cursor = "0";
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    client.send(encode(command.with(at, cursor)));
    const reply = await client.reply();
    const page = pageOf(reply);
    if (page === undefined) return reply;
    for (const item of itemsOf(page.items, at)) found.set(notate(item), item);
    cursor = page.cursor;
    if (cursor === "0") return { kind: "set", items: [...found.keys()].sort().map((key) => found.get(key)!) };
  }
  throw new Error(`${command.join(" ")}: the cursor did not return to 0 in ${PAGES_MAX} pages`);
}

/** Keys, or for a hash its pairs of field and value, for a sorted set those of member and score. */
function itemsOf(items: readonly Reply[], cursorAt: number): readonly Reply[] {
  if (cursorAt === 1) return items;
  return items.flatMap((field, i) =>
    i % 2 === 0 ? [{ kind: "array", items: [field, items[i + 1]!] } as const] : [],
  );
}

function pageOf(reply: Reply): { cursor: string; items: readonly Reply[] } | undefined {
  if (reply.kind !== "array") return undefined;
  const [cursor, items] = reply.items;
  if (cursor?.kind !== "bulk" || items?.kind !== "array") return undefined;
  return { cursor: cursor.bytes.toString(), items: items.items };
}
