/**
 * What follows from a command's declaration and is therefore not written in it: the facts that COMMAND INFO, ACL
 * categories and the reference page show beside the declared ones.
 */
import { parseInt64 } from "../base/int64.js";
import type { Call } from "./call.js";
import type { Command, CommandGroup, KeyPositions } from "./command.js";

/** A command or subcommand under its whole name, `client|list`. */
export interface NamedCommand {
  readonly name: string;
  readonly command: Command;
}

/** All commands, each followed by its subcommands. */
export function* allCommands(commands: Iterable<Command>): Iterable<NamedCommand> {
  for (const command of commands) {
    yield { name: command.name, command };
    yield* subcommandsOf({ name: command.name, command });
  }
}

export function subcommandsOf({ name, command }: NamedCommand): readonly NamedCommand[] {
  return (command.subcommands ?? []).map((child) => ({ name: `${name}|${child.name}`, command: child }));
}

/** A command by its whole name, in either case. */
export function findCommand(
  commands: ReadonlyMap<string, Command>,
  wholeName: string,
): NamedCommand | undefined {
  const [name, child, ...rest] = wholeName.toLowerCase().split("|") as [string, string?, ...string[]];
  const command = commands.get(name);
  if (command === undefined || rest.length > 0) return undefined;
  if (child === undefined) return { name, command };
  return subcommandsOf({ name, command }).find((sub) => sub.name === `${name}|${child}`);
}

/** In the order of Redis, which COMMAND INFO keeps. */
export const CATEGORIES = [
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
] as const;

const CATEGORY_BY_GROUP: Readonly<Record<CommandGroup, string | undefined>> = {
  bitmap: "bitmap",
  cluster: undefined,
  connection: "connection",
  generic: "keyspace",
  geo: "geo",
  hash: "hash",
  hyperloglog: "hyperloglog",
  list: "list",
  pubsub: undefined,
  server: undefined,
  set: "set",
  "sorted-set": "sortedset",
  stream: "stream",
  string: "string",
  transactions: "transaction",
};

/** ACL categories without the `@`: https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/ */
export function categoriesOf({ kind, group, flags, categories = [] }: Command): readonly string[] {
  const found = new Set<string | undefined>(categories);
  // WAIT and SORT stand among the commands on keys, but are of the connection and of what is sorted.
  const isOfOthers = categories.includes("connection") || categories.includes("list");
  if (kind !== "container" && !isOfOthers) found.add(CATEGORY_BY_GROUP[group]);
  if (flags.includes("write")) found.add("write");
  if (flags.includes("readonly")) found.add("read");
  if (flags.includes("pubsub")) found.add("pubsub");
  if (flags.includes("blocking")) found.add("blocking");
  if (flags.includes("admin")) found.add("admin").add("dangerous");
  found.add(flags.includes("fast") ? "fast" : "slow");
  return CATEGORIES.filter((category) => found.has(category));
}

/** The three numbers by which clients found keys before there were key specs; all 0 if there is no key. */
export interface KeyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** From the first key spec to the last one that follows it without a gap; counted keys and those of options such clients cannot find. */
export function keyRangeOf({ keys = [] }: Command): KeyRange {
  let range: KeyPositions | undefined;
  for (const spec of keys) {
    if (spec.countedAt !== undefined || spec.behind !== undefined || spec.locate !== undefined) continue;
    if (range === undefined) range = spec;
    else if (spec.first === range.last + 1) range = { ...range, last: spec.last };
  }
  return range ?? { first: 0, last: 0, step: 0 };
}

/** A key: which argument it is, and which key spec found it. */
export interface KeyPosition {
  readonly at: number;
  readonly spec: KeyPositions;
}

/**
 * The argument behind the first one from `first` on that is the word before the keys; behind all arguments if it is not there. Where words are passed that
 * have arguments of their own it is looked for from the command's name on: clients are told of a place from which it is found if those words come in their usual order.
 */
function positionBehind(spec: KeyPositions, call: Pick<Call, "count" | "head">, name: number): number {
  const { behind = "", first, passing } = spec;
  for (let at = name + (passing === undefined ? first : 1); at < call.count; at++) {
    const word = call.head(at, behind.length + 1).toUpperCase();
    if (word === behind) return at + 1;
    if (passing !== undefined) at += passing[word] ?? 0;
  }
  return call.count;
}

/** No count of arguments has so many. */
const COUNT_DIGITS_MAX = 20;

/**
 * The keys of a command whose name is argument `name` of a call. Positions beyond the arguments are left out: an incomplete
 * last pair of MSET has its key. Where an argument counts keys and there are not so many, or it is no number, the command has none at all.
 */
export function keyPositions(
  { keys = [] }: Command,
  call: Pick<Call, "count" | "head">,
  name = 0,
): KeyPosition[] {
  const end = call.count - name;
  const positions: KeyPosition[] = [];
  for (const spec of keys) {
    if (spec.locate !== undefined) {
      const at = spec.locate(call, name);
      if (at !== undefined) positions.push({ at, spec });
      continue;
    }
    if (spec.behind !== undefined) {
      const first = positionBehind(spec, call, name);
      const count = spec.last < 0 ? (call.count - first) >>> 1 : 1;
      for (let at = first; at < first + count && at < call.count; at++) positions.push({ at, spec });
      continue;
    }
    let last = spec.last < 0 ? end + spec.last : spec.last;
    if (spec.countedAt !== undefined) {
      const digits = Buffer.from(call.head(name + spec.countedAt, COUNT_DIGITS_MAX), "latin1");
      const count = Number(parseInt64(digits, 0, digits.length) ?? 0);
      const counted = spec.first + (count - 1) * spec.step;
      if (count < 1 || counted > last) return [];
      last = counted;
    }
    for (let at = spec.first; at <= last && at < end; at += spec.step)
      positions.push({ at: name + at, spec });
  }
  return positions;
}

export function acceptsCount({ arity }: Command, count: number): boolean {
  return arity < 0 ? count >= -arity : count === arity;
}
