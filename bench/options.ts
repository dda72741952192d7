/** The command line of the benchmark. */
import { parseArgs } from "node:util";
import { type Scale, scales } from "./scale.js";

export interface Options {
  readonly scale: Scale;
  /** Names of rows, or of groups of them; empty for all. */
  readonly only: readonly string[];
  /** Command lines, with `{port}` and `{dir}`; undefined for the usual contender. */
  readonly ours: readonly string[] | undefined;
  readonly against: readonly string[] | undefined;
  /** Measure our server alone even where a rival could be had. */
  readonly alone: boolean;
  /** Passed to `node` before our server's script. */
  readonly nodeFlags: readonly string[];
  readonly jsonPath: string | undefined;
  readonly pin: boolean;
  readonly help: boolean;
}

export const usage = `usage: npm run bench -- [options]

  --quick               hints, in two minutes; fewer keys and shorter runs than a verdict needs
  --smoke               shows within seconds that every part runs; its figures mean nothing
  --rounds N            rounds of each measurement
  --only ROW[,ROW]      only these rows (p1, p16, p64-d100, memory, stall-tag, start, crowd, remote, ...)
  --against "COMMAND"   the rival's command line; {port} and {dir} are filled in (default: redis-server)
  --ours "COMMAND"      our command line, likewise (default: the built server of this repository)
  --alone               measure our server without a rival
  --node-flags="FLAGS"  for our server's node, such as --cpu-prof; profiles go to bench/results/profiles
  --json FILE           also write the JSON report there
  --no-pin              leave it to the scheduler which core server and load run on
  --help                this page
`;

/** Throws a RangeError or a TypeError that names what is wrong with the line. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      smoke: { type: "boolean", default: false },
      rounds: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      against: { type: "string" },
      ours: { type: "string" },
      alone: { type: "boolean", default: false },
      "node-flags": { type: "string", default: "" },
      json: { type: "string" },
      "no-pin": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.quick && values.smoke) throw new RangeError("--quick and --smoke exclude each other");
  if (values.alone && values.against !== undefined)
    throw new RangeError("--alone and --against exclude each other");
  const scale = scales[values.smoke ? "smoke" : values.quick ? "quick" : "full"];
  return {
    scale: values.rounds === undefined ? scale : withRounds(scale, values.rounds),
    only: values.only.flatMap((names) => names.split(",")).filter((name) => name !== ""),
    ours: values.ours === undefined ? undefined : commandOf("--ours", values.ours),
    against: values.against === undefined ? undefined : commandOf("--against", values.against),
    alone: values.alone,
    nodeFlags: splitWords(values["node-flags"]),
    jsonPath: values.json,
    pin: !values["no-pin"],
    help: values.help,
  };
}

/** More than this many rounds is a typing error: the full run would take days. */
const roundsMax = 100;

function withRounds(scale: Scale, text: string): Scale {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > roundsMax) {
    throw new RangeError(`--rounds ${text}: must be a whole number from 1 to ${roundsMax}`);
  }
  const stretch = Math.max(1, rounds / scale.rounds);
  return {
    ...scale,
    rounds,
    repeats: true,
    memoryRounds: rounds,
    stallRounds: rounds,
    crowdRounds: rounds,
    churnRounds: rounds,
    pairs: rounds,
    faults: rounds,
    minutesMax: Math.ceil(scale.minutesMax * stretch),
  };
}

function commandOf(option: string, line: string): string[] {
  const command = splitWords(line);
  if (!command.some((word) => word.includes("{port}")))
    throw new RangeError(`${option} "${line}": names no {port}`);
  return command;
}

/** Splits at blanks; quotes, single or double, keep blanks and make empty words. No escapes. */
export function splitWords(line: string): string[] {
  const words = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
