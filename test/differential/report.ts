import { quote } from "../support/notation.js";
import type { Target } from "../support/target.js";
import type { Disagreement } from "./duel.js";
import type { Command } from "./group.js";

const REPLY_SHOWN_MAX = 400;
const WORD_SHOWN_MAX = 40;

/** What a person needs to see and repeat a disagreement; the commands read like a transcript. */
export function describeDisagreement(found: Disagreement, left: Target, right: Target): string {
  const { program, command, connection } = found;
  const talk = program.turns.flatMap((turn) =>
    turn.commands.map((each) => `${name(turn.connection)}> ${written(each)}`),
  );
  return [
    `${left.name} and ${right.name} disagree on ${written(command)} (connection ${name(connection)})`,
    `  ${left.name}: ${shortened(found.left)}`,
    `  ${right.name}: ${shortened(found.right)}`,
    `after (protocols ${program.protocols.map((protocol, i) => `${name(i)}=${protocol}`).join(" ")}):`,
    ...talk.map((line) => `  ${line}`),
    `again: npm run differential -- --group ${program.group} --seed ${program.seed}`,
  ].join("\n");
}

function name(connection: number): string {
  return "ABC"[connection]!;
}

function written(command: Command): string {
  return command.map(writtenWord).join(" ");
}

function writtenWord(word: string): string {
  if (word.length > WORD_SHOWN_MAX) return `${quote(word.slice(0, WORD_SHOWN_MAX))}...(${word.length} bytes)`;
  return /^[\w*.{}?[\]^-]+$/.test(word) ? word : quote(word);
}

function shortened(text: string): string {
  return text.length <= REPLY_SHOWN_MAX
    ? text
    : `${text.slice(0, REPLY_SHOWN_MAX)}... (${text.length} characters)`;
}
