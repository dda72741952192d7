/** Whether a user may execute a command with the arguments that it has. */
import { globCovers } from "../../base/glob.js";
import type { Call } from "../call.js";
import { keyPositions, type NamedCommand } from "../command-facts.js";
import { READ, type Selector, WRITE } from "./selector.js";
import type { UserRules } from "./user.js";

/** What is not allowed: the command, or an argument as a key or as a channel. */
export type Denial =
  | { readonly kind: "command" }
  | { readonly kind: "channel" | "key"; readonly argument: number };

const DENIED_COMMAND: Denial = { kind: "command" };
/** How near a selector came to allowing the command: what is said is where the nearest one stopped. */
const NEARNESS = { command: 0, key: 1, channel: 2 } as const;

/** A key of the command at hand. */
interface UsedKey {
  readonly argument: number;
  /** As bits; none for commands that tell of a key only what does not depend on its value. */
  readonly permissions: number;
}

/** The command begins at argument `name` of the call. Undefined: it may be executed. */
export function denialOf(rules: UserRules, command: NamedCommand, call: Call, name = 0): Denial | undefined {
  const asksForKeys = rules.selectors.some(({ allowsAllKeys }) => !allowsAllKeys);
  const keys = asksForKeys ? usedKeys(command, call, name) : [];
  let denial: Denial | undefined;
  for (const selector of rules.selectors) {
    const found = denialBy(selector, { command, call, name, keys });
    if (found === undefined) return undefined;
    if (denial === undefined || isNearer(found, denial)) denial = found;
  }
  return denial;
}

/** Whether the user may execute the command at hand, and read any key whatsoever with it. */
export function mayReadAnyKey(rules: UserRules, command: NamedCommand, call: Call): boolean {
  return rules.selectors.some(
    (selector) =>
      allowsCommand(selector, command, call, 0) &&
      (selector.allowsAllKeys ||
        selector.keys.some(({ text, permissions }) => text === "*" && (permissions & READ) !== 0)),
  );
}

interface Question {
  readonly command: NamedCommand;
  readonly call: Call;
  readonly name: number;
  readonly keys: readonly UsedKey[];
}

function denialBy(selector: Selector, { command, call, name, keys }: Question): Denial | undefined {
  if (!allowsCommand(selector, command, call, name)) return DENIED_COMMAND;
  const key = keys.find((candidate) => !allowsKey(selector, call, candidate));
  if (key !== undefined) return { kind: "key", argument: key.argument };
  const channel = deniedChannel(selector, command, call, name);
  return channel === undefined ? undefined : { kind: "channel", argument: channel };
}

/** Of two that came equally near, the one that got further through the arguments. */
function isNearer(one: Denial, other: Denial): boolean {
  if (one.kind === "command" || other.kind === "command") return NEARNESS[one.kind] > NEARNESS[other.kind];
  return (
    NEARNESS[one.kind] > NEARNESS[other.kind] || (one.kind === other.kind && one.argument > other.argument)
  );
}

function allowsCommand(selector: Selector, command: NamedCommand, call: Call, name: number): boolean {
  if (selector.allowsAllCommands || command.command.flags.includes("no_auth")) return true;
  const id = selector.catalog.idOf(command);
  if (selector.allows(id)) return true;
  const argument = name + 1;
  if (argument >= call.count) return false;
  return selector.firstArguments(id).some((word) => call.is(argument, word.toLowerCase()));
}

// ---- Keys ----

function usedKeys({ command }: NamedCommand, call: Call, name: number): UsedKey[] {
  if (command.keys === undefined) return [];
  const keys: UsedKey[] = [];
  for (const { at, spec } of keyPositions(command, call, name)) {
    const access = command.keyAccess?.(call, name) ?? spec.access;
    // Of a slot alone, as the channels of sharded pub/sub are.
    if (access.includes("not_key")) continue;
    keys.push({ argument: at, permissions: permissionsFor(access) });
  }
  return keys;
}

/** What access in COMMAND INFO's words needs. */
function permissionsFor(access: readonly string[]): number {
  let permissions = access.includes("access") ? READ : 0;
  if (["insert", "delete", "update"].some((word) => access.includes(word))) permissions |= WRITE;
  return permissions;
}

function allowsKey(
  { allowsAllKeys, keys }: Selector,
  call: Call,
  { argument, permissions }: UsedKey,
): boolean {
  if (allowsAllKeys) return true;
  const key = call.bytes.subarray(call.start(argument), call.end(argument));
  return keys.some((each) => (each.permissions & permissions) === permissions && globCovers(each.glob, key));
}

// ---- Channels ----

/**
 * Whether a channel is allowed, or a pattern of channels. Patterns are compared letter by letter with those of the rules: one may cover
 * what none of these does.
 */
export function allowsChannel(
  { allowsAllChannels, channels }: Selector,
  channel: Uint8Array,
  isPattern: boolean,
): boolean {
  if (allowsAllChannels) return true;
  if (!isPattern) return channels.some((each) => globCovers(each.glob, channel));
  return channels.some(
    ({ text }) => text.length === channel.length && Buffer.from(text, "latin1").equals(channel),
  );
}

/** The argument that is a channel which the selector does not allow. */
function deniedChannel(
  selector: Selector,
  { command }: NamedCommand,
  call: Call,
  name: number,
): number | undefined {
  const { channels: positions } = command;
  if (positions === undefined || selector.allowsAllChannels) return undefined;
  const last = positions.last < 0 ? call.count + positions.last : name + positions.last;
  for (let argument = name + positions.first; argument <= last && argument < call.count; argument++) {
    const channel = call.bytes.subarray(call.start(argument), call.end(argument));
    const isAllowed = allowsChannel(selector, channel, positions.arePatterns === true);
    if (!isAllowed) return argument;
  }
  return undefined;
}
