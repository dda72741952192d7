/**
 * What a command is. Each is declared once, in the file of its group; dispatch, key routing, COMMAND, ACL
 * categories, metrics and the generated reference page all read that one declaration.
 */
import type { Call } from "./call.js";
import type { SessionCall } from "./session.js";

export type CommandGroup =
  | "bitmap"
  | "cluster"
  | "connection"
  | "generic"
  | "geo"
  | "hash"
  | "hyperloglog"
  | "list"
  | "pubsub"
  | "server"
  | "set"
  | "sorted-set"
  | "stream"
  | "string"
  | "transactions";

/** Redis's own flags: https://redis.io/docs/latest/commands/command/#flags */
export type CommandFlag =
  | "admin"
  | "allow_busy"
  | "blocking"
  | "denyoom"
  | "fast"
  | "loading"
  | "may_replicate"
  | "movablekeys"
  | "no_async_loading"
  | "no_auth"
  | "no_mandatory_keys"
  | "no_multi"
  | "noscript"
  | "protected"
  | "pubsub"
  | "readonly"
  | "sentinel"
  | "skip_monitor"
  | "skip_slowlog"
  | "stale"
  | "write";

/** Where keys stand among the arguments: from `first` to `last` (negative counts from the end), every `step`. */
export interface KeyPositions {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** The argument that says how many keys there are, of those up to `last`, which then is the last argument of all. */
  readonly countedAt?: number;
  /** The word, in capitals, behind which they stand, searched for from argument `first` on: one, or with a `last` below 0 the first half of all that follows. */
  readonly behind?: string;
  /** Words, in capitals and no longer, that may stand before that one, with how many arguments each has: none of these is looked at, whatever it is. */
  readonly passing?: Readonly<Record<string, number>>;
  /** Of a key that has no place of its own: finds it in a command whose name is argument `name`. Undefined: it is not there, or nobody can tell. */
  readonly locate?: (call: Pick<Call, "count" | "head">, name: number) => number | undefined;
  /** How the keys are used, in COMMAND INFO's words, such as ["RW", "access", "update"]. */
  readonly access: readonly string[];
}

/** Where channels of pub/sub stand among the arguments, if using them takes a permission: from `first` to `last` (negative counts from the end). */
export interface ChannelPositions {
  readonly first: number;
  readonly last: number;
  /** Channels are named by patterns, as PSUBSCRIBE's. */
  readonly arePatterns?: true;
}

/**
 * What becomes of a command that concerns several nodes: how one reply is made of those of each, or what else is done.
 * - `elements`: arrays with an element for each key; `lists`: arrays one behind the other; `sum`: of integers; `ok`: one for all.
 * - `draw`: one node is drawn, each as likely as it has keys. `walk`: a cursor says whose turn it is.
 * - `acknowledged`: those nodes are asked that executed what the client wrote, also if all is executed here now.
 * - `refused`: it could not be done as a whole.
 */
export type Across = "acknowledged" | "draw" | "elements" | "lists" | "ok" | "refused" | "sum" | "walk";

export interface Declaration {
  /** In lower case; of a subcommand only its own word. */
  readonly name: string;
  /** Arguments including the name; negative: at least so many. */
  readonly arity: number;
  readonly group: CommandGroup;
  readonly flags: readonly CommandFlag[];
  /** ACL categories beyond those that follow from flags and group, without the `@`. */
  readonly categories?: readonly string[];
  /** One entry per key specification. None: the command names no key. */
  readonly keys?: readonly KeyPositions[];
  /** Of a command that publishes to channels or subscribes to them; whoever has subscribed may always unsubscribe. */
  readonly channels?: ChannelPositions;
  /** How its keys are used, if that depends on the arguments: in `call`, argument `name` is its name. */
  readonly keyAccess?: (call: Call, name: number) => readonly string[];
  /**
   * The option by which it reads keys that are not among its arguments, if it has one: only a user who may read all keys may execute it.
   */
  readonly optionForAnyKey?: (call: Call) => string | undefined;
  /** Positions of arguments that no log may show, such as passwords. */
  readonly secrets?: (call: Call) => readonly number[];
  /** For several keys in several slots; without a key, for all keys of the cluster. Absent: its keys must be in one slot. */
  readonly across?: Across;
  /** Watches its keys for the connection. */
  readonly watches?: true;
  /** Runs at once between MULTI and EXEC instead of being queued. */
  readonly unqueued?: true;
  /** Runs what was queued: waits, and is refused, where a command of the transaction would be. */
  readonly executes?: true;
  /** Its reply tells of keys that it does not open one by one. */
  readonly seesAll?: true;
  /** Answers with the reason for which writes are refused, as they do, so that whoever asks whether all is well learns it. */
  readonly tellsTrouble?: true;
  /** It concerns the client's own connection or node: no transaction takes it to another one, nor any command with the flag `admin`. */
  readonly concernsNode?: true;
  /** What it does lasts as long as the connection, or ends it: callers who share a connection may not use it. */
  readonly changesConnection?: true;
  /** May be used by a client of RESP2 that is subscribed to something. */
  readonly whileSubscribed?: true;
  /** Its reply is a message that no CLIENT REPLY holds back. */
  readonly pushesReply?: true;
  /** Executed by the node that the client is connected to, whatever slots its arguments have. */
  readonly staysHere?: true;
  /** Executed when what its client has asked of other nodes before is done: others are told of it by this. */
  readonly settlesFirst?: true;
  /** Counts as use of its keys even for a client that asked for CLIENT NO-TOUCH. */
  readonly alwaysTouches?: true;
  /** Redis's COMMAND tips, such as "nondeterministic_output". */
  readonly tips?: readonly string[];
  /** Arguments in the notation of `syntax.ts`. */
  readonly syntax?: string;
  readonly since: string;
  readonly complexity: string;
  /** One sentence in our own words. */
  readonly summary: string;
  readonly deprecatedSince?: string;
  /** What to use instead, as a phrase: "`SET` with the `GET` option". */
  readonly replacedBy?: string;
  /** COMMAND DOCS's own flags. */
  readonly docFlags?: readonly "syscmd"[];
  /** Pairs of a version and what changed then. */
  readonly history?: readonly (readonly [string, string])[];
  /** Where we differ from Redis and why, for the reference page. */
  readonly differs?: string;
  readonly subcommands?: readonly Command[];
}

/** Works on the open database, synchronously; sees neither connection nor cluster. */
export interface DataCommand extends Declaration {
  readonly kind: "data";
  readonly run: (call: Call) => void;
}

/** Sees the connection or the node. */
export interface SessionCommand extends Declaration {
  readonly kind: "session";
  readonly run: (call: SessionCall) => void;
}

/** Does nothing but hold subcommands, such as CLIENT and CONFIG. */
export interface ContainerCommand extends Declaration {
  readonly kind: "container";
  readonly subcommands: readonly Command[];
}

export type Command = ContainerCommand | DataCommand | SessionCommand;

export function data(declaration: Omit<DataCommand, "kind">): DataCommand {
  return { kind: "data", ...declaration };
}

export function session(declaration: Omit<SessionCommand, "kind">): SessionCommand {
  return { kind: "session", ...declaration };
}

export function container(declaration: Omit<ContainerCommand, "kind">): ContainerCommand {
  return { kind: "container", ...declaration };
}

/** The first argument is the key. */
export function keyAt1(...access: string[]): readonly KeyPositions[] {
  return [{ first: 1, last: 1, step: 1, access }];
}

/** Every argument is a key. */
export function allKeys(...access: string[]): readonly KeyPositions[] {
  return [{ first: 1, last: -1, step: 1, access }];
}

/** An argument says how many of those that follow it are keys. */
export function countedKeys(countedAt: number, ...access: string[]): KeyPositions {
  return { first: countedAt + 1, last: -1, step: 1, countedAt, access };
}

/** An option that is a word and a key, which may be among the arguments from `first` on. */
export function keyBehind(behind: string, first: number, ...access: string[]): KeyPositions {
  return { first, last: first, step: 1, behind, access };
}

/** The arguments behind a word, looked for from one on, are half keys and half something for each of them. */
export function keysBehind(behind: string, first: number, ...access: string[]): KeyPositions {
  return { first, last: -1, step: 1, behind, access };
}

/** Keys alternate with values. */
export function everyOtherKey(...access: string[]): readonly KeyPositions[] {
  return [{ first: 1, last: -1, step: 2, access }];
}
