import { type Expectation, parseExpectations } from "./expectation.js";
import { parseArguments, type Word } from "./words.js";

/**
 * A transcript is a conversation with a server, written to be read and replayed:
 *
 *   ## Title of a case            each case starts from an empty server and fresh connections
 *   # A remark for the reader
 *   @since 7.2                    newer than the reference version: not replayed there
 *   @differs exact decimals       we answer otherwise on purpose, for this reason: not replayed there either
 *   @resp 3                       every connection of the case says HELLO 3 first
 *   @options maxclients 2         the case gets a server of its own, started with these options
 *   @record                       incomplete: record.ts adds the replies that lack and takes this line out
 *   > SET city "Roma\r\n" NX      a command, in the quoting of redis-cli
 *   < OK                          the reply to it; the notation is described in expectation.ts
 *   A> MULTI                      the same on a second connection, named A
 *   A< OK
 *   >> "*1\r\n$4\r\nPI"           bytes sent as they are
 *   > SET big "x"*1000            a quoted string may be repeated
 *
 * Lines that go out and replies that come in are matched in the order in which they stand: a reply may be
 * stated after further commands (a pipeline), and commands without one state that none is sent.
 */
export interface Transcript {
  readonly file: string;
  readonly cases: readonly TranscriptCase[];
}

export interface TranscriptCase {
  readonly title: string;
  readonly since: string | undefined;
  readonly differs: string | undefined;
  readonly incomplete: boolean;
  readonly protocol: 2 | 3;
  readonly options: Readonly<Record<string, string>> | undefined;
  readonly steps: readonly Step[];
}

/** What one line, or a block of consecutive reply lines, asks for. `line` counts from 1. */
export type Step = { readonly connection: string; readonly line: number } & (
  | { readonly kind: "command"; readonly words: readonly Word[] }
  | { readonly kind: "bytes"; readonly words: readonly Word[] }
  | { readonly kind: "replies"; readonly lines: number; readonly expected: readonly Expectation[] }
);

/** A line that no rule of the format covers. */
export class TranscriptError extends Error {
  override readonly name = "TranscriptError";
  constructor(file: string, line: number, problem: string) {
    super(`${file}:${line}: ${problem}`);
  }
}

const TALK = /^([A-Z]?)(>>|>|<)(?: (.*))?$/;

export function parseTranscript(file: string, text: string): Transcript {
  const cases: Draft[] = [];
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const at = index + 1;
    try {
      if (line.startsWith("## ")) cases.push(emptyCase(line.slice(3)));
      else if (line.startsWith("@")) setDirective(current(cases), line);
      else if (line !== "" && !line.startsWith("#")) {
        const step = parseTalk(lines, at);
        current(cases).steps.push(step);
        if (step.kind === "replies") index += step.lines - 1;
      }
    } catch (error) {
      throw new TranscriptError(file, at, (error as Error).message);
    }
  }
  return { file, cases };
}

type Draft = { -readonly [K in keyof TranscriptCase]: TranscriptCase[K] } & { steps: Step[] };

function emptyCase(title: string): Draft {
  return {
    title,
    since: undefined,
    differs: undefined,
    incomplete: false,
    protocol: 2,
    options: undefined,
    steps: [],
  };
}

function current(cases: readonly Draft[]): Draft {
  const last = cases.at(-1);
  if (last === undefined) throw new Error("a case begins with a line `## its title`");
  return last;
}

function setDirective(draft: Draft, line: string): void {
  const [name, ...values] = line.slice(1).split(" ");
  if (name === "since" && values.length === 1) draft.since = values[0];
  else if (name === "record" && values.length === 0) draft.incomplete = true;
  else if (name === "differs" && values.length > 0) draft.differs = values.join(" ");
  else if (name === "resp" && (values[0] === "2" || values[0] === "3"))
    draft.protocol = values[0] === "3" ? 3 : 2;
  else if (name === "options" && values.length % 2 === 0) draft.options = pairs(values);
  else throw new Error(`no such directive: ${line}`);
}

function pairs(values: readonly string[]): Record<string, string> {
  const options: Record<string, string> = {};
  for (let i = 0; i < values.length; i += 2) options[values[i]!] = values[i + 1]!;
  return options;
}

function parseTalk(lines: readonly string[], line: number): Step {
  const [, connection, arrow, rest] = talk(lines[line - 1]!);
  if (arrow === ">") return { kind: "command", connection, line, words: parseArguments(rest) };
  if (arrow === ">>") return { kind: "bytes", connection, line, words: parseArguments(rest) };
  const block = replyBlock(lines, { from: line - 1, connection });
  return { kind: "replies", connection, line, lines: block.length, expected: parseExpectations(block) };
}

function talk(line: string): [string, string, string, string] {
  const match = TALK.exec(line);
  if (match === null) throw new Error(`neither a command, a reply, a directive nor a remark: ${line}`);
  return [line, match[1]!, match[2]!, match[3] ?? ""];
}

/** The reply lines of one connection that follow each other without anything between. */
function replyBlock(lines: readonly string[], start: { from: number; connection: string }): string[] {
  const prefix = `${start.connection}<`;
  const block: string[] = [];
  for (let i = start.from; lines[i]?.startsWith(prefix); i++) block.push(lines[i]!.slice(prefix.length + 1));
  return block;
}
