import { readFile, writeFile } from "node:fs/promises";
import { notate } from "../support/notation.js";
import { startRedis } from "../support/redis-server.js";
import type { Reply } from "../support/reply.js";
import type { Target } from "../support/target.js";
import type { WireClient } from "../support/wire-client.js";
import { type Captured, type Expectation, meets } from "./expectation.js";
import { Stage, send } from "./replay.js";
import { parseTranscript, type TranscriptCase } from "./transcript.js";

/**
 * Writes transcripts: `npm run record -- FILE...` completes the cases marked `@record` with what
 * redis-server replies, and with what other connections are told. A command that is followed by a reply line keeps it. What was
 * written is then read by a person, who replaces what depends on time or chance by a pattern.
 */
async function main(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const text = await readFile(file, "utf8");
    await writeFile(file, await completed(file, text));
  }
}

async function completed(file: string, text: string): Promise<string> {
  const lines = text.split("\n");
  const recorded = new Map<number, string[]>();
  for (const transcript of parseTranscript(file, text).cases) {
    if (!transcript.incomplete) continue;
    const target = await startRedis(transcript.options);
    try {
      await record(target, transcript, recorded);
    } finally {
      await target.close();
    }
  }
  return lines
    .flatMap((line, index) => [line, ...(recorded.get(index + 1) ?? [])])
    .filter((line) => line !== "@record")
    .join("\n");
}

/** When nothing came for so long, the server is taken to have said all it had to say. In milliseconds. */
const QUIET_MS = 60;

async function record(
  target: Target,
  transcript: TranscriptCase,
  into: Map<number, string[]>,
): Promise<void> {
  const stage = new Stage(target, transcript.protocol);
  try {
    for (const [index, step] of transcript.steps.entries()) {
      const client = await stage.connection(step.connection);
      if (step.kind === "replies") continue;
      send(client, step, stage.captured);
      await client.quiet(QUIET_MS);
      const replies = client.takeUnread();
      const stated = transcript.steps[index + 1];
      if (stated?.kind === "replies" && stated.connection === step.connection) {
        capture(replies, stated.expected, stage.captured);
      } else {
        const lines = [...replies.flatMap(written), ...(client.isClosed ? ["(closed)"] : [])];
        into.set(step.line, [
          ...lines.map((line) => `${step.connection}< ${line}`),
          ...(await toldToOthers(stage, client)),
        ]);
      }
    }
  } finally {
    await stage.close();
  }
}

/** Messages that a command made the server send on other connections. */
async function toldToOthers(stage: Stage, client: WireClient): Promise<string[]> {
  const lines: string[] = [];
  for (const [name, other] of stage.connections) {
    if (other === client) continue;
    await other.quiet(QUIET_MS);
    lines.push(
      ...other
        .takeUnread()
        .flatMap(written)
        .map((line) => `${name}< ${line}`),
    );
  }
  return lines;
}

/** Lines that a person wrote stay; what they capture is needed by later commands. */
function capture(replies: readonly Reply[], expected: readonly Expectation[], captured: Captured): void {
  for (const [i, expectation] of expected.entries()) {
    if (replies[i] !== undefined) meets(replies[i], expectation, captured);
  }
}

const LINE_WIDTH = 110;

/** A reply as a person would write it down: errors without quotes, long arrays an item a line. */
function written(reply: Reply): string[] {
  if (reply.kind === "error" && isPlain(reply.text)) return [`-${reply.text}`];
  return wrapped(reply, "");
}

function isPlain(text: string): boolean {
  return /^[A-Z][!-~ ]*[!-~]$/.test(text);
}

function wrapped(reply: Reply, indent: string): string[] {
  const line = indent + notate(reply);
  if (line.length <= LINE_WIDTH || !("items" in reply || "entries" in reply)) return [line];
  const inner = `${indent}  `;
  const open = reply.kind === "map" ? "{" : { array: "[", set: "~[", push: ">[" }[reply.kind];
  const body =
    reply.kind === "map"
      ? reply.entries.flatMap(([key, value]) => {
          const [first, ...rest] = wrapped(value, inner);
          return [`${inner}${notate(key)}: ${first!.trimStart()}`, ...rest];
        })
      : reply.items.flatMap((item) => wrapped(item, inner));
  return [indent + open, ...body, `${indent}${reply.kind === "map" ? "}" : "]"}`];
}

await main(process.argv.slice(2));
