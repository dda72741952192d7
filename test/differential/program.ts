import { Prng } from "#torus/base/prng.js";
import type { Command, Group, Phrase } from "./group.js";
import { Vocabulary } from "./vocabulary.js";

/** Commands sent down one connection at once; the next turn waits for all their replies. */
export interface Turn {
  readonly connection: number;
  readonly commands: readonly Command[];
  /** Byte positions, as shares of the whole, at which the turn is cut into separate writes. */
  readonly cuts: readonly number[];
}

/** A random conversation: a pure value of its group and its seed. */
export interface Program {
  readonly group: string;
  readonly seed: number;
  /** The protocol that each connection speaks. */
  readonly protocols: readonly (2 | 3)[];
  readonly turns: readonly Turn[];
}

/** So many commands a program has, more or less. */
const COMMANDS = 300;

/** How many at most go out at once: short turns let connections meet, long ones fill buffers. */
const TURN_LENGTHS = [3, 10, 30, 100];

/** In every group: keys of both types come and go, so that commands find what they did not expect. */
const EVERYDAY: readonly Phrase[] = [
  [2, (w) => ["SET", w.key(), w.value()]],
  [2, (w) => ["HSET", w.key(), w.field(), w.value()]],
  [1, (w) => ["DEL", w.anyKey()]],
];

export function makeProgram(group: Group, seed: number): Program {
  const random = new Prng(seed);
  const words = new Vocabulary(random);
  const protocols = Array.from({ length: 1 + random.below(3) }, () => (random.chance(0.4) ? 3 : 2));
  const longest = random.pick(TURN_LENGTHS);
  const turns = Array.from({ length: Math.ceil((2 * COMMANDS) / longest) }, () => ({
    connection: random.below(protocols.length),
    commands: Array.from({ length: 1 + random.below(longest) }, () => command(group, words)),
    cuts: random.chance(0.5) ? [] : Array.from({ length: random.below(8) }, () => random.float()),
  }));
  return { group: group.name, seed, protocols, turns };
}

function command(group: Group, words: Vocabulary): Command {
  const made = words.weighted(words.random.chance(0.08) ? EVERYDAY : group.phrases)(words);
  // An option that was set by mistake would outlive the program.
  const isSpared = made[0] === "CONFIG" || group.isSpared?.(made) === true;
  return !isSpared && words.random.chance(0.05) ? damaged(made, words) : made;
}

/** As a mistaken client would send it: another arity, another argument, another case. */
function damaged(made: Command, words: Vocabulary): Command {
  const at = words.random.below(made.length);
  const junk = words.random.pick([
    "",
    "abc",
    "-1",
    "0",
    "1.5",
    "9223372036854775808",
    " 1",
    "NX",
    "\x01\xff",
  ]);
  return words.random.pick<() => Command>([
    () => (made.length > 1 ? made.slice(0, -1) : made),
    () => [...made, junk],
    () => (at === 0 ? made : made.with(at, junk)),
    () => made.with(0, made[0]!.toLowerCase()),
  ])();
}

/** All its commands in order, each a turn of its own in a single write: pipelining taken out of the picture. */
export function oneByOne(program: Program): Program {
  const turns = program.turns.flatMap(({ connection, commands }) =>
    commands.map((command) => ({ connection, commands: [command], cuts: [] })),
  );
  return { ...program, turns };
}
