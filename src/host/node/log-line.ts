/** The log as a person reads it: time, level, sentence, `name=value` pairs, all on one line. */

/** As wide as the longest level, so that sentences start in one column. */
const LEVEL_COLUMNS = 5;

/** Values that need no quotes. */
const PLAIN = /^[\w.:/@+[\]-]+$/;
/** What would break a line or command a terminal. */
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

/** What the JSON format puts into every line besides the values of the call. */
interface JsonLine {
  readonly level: string;
  readonly time: string;
  readonly pid: number;
  readonly msg: string;
  readonly [name: string]: string | number | boolean;
}

/** Makes `2026-01-31T09:30:00.000Z warn  sentence name=value` of one line of JSON. */
export function toTextLine(json: string): string {
  const { level, time, pid: _, msg, ...values } = JSON.parse(json) as JsonLine;
  const pairs = Object.entries(values).map(([name, value]) => ` ${name}=${quoted(String(value))}`);
  return `${time} ${level.padEnd(LEVEL_COLUMNS)} ${msg.replace(CONTROL, escaped)}${pairs.join("")}\n`;
}

/** Quoted where it holds more than a word, so that no value can pass for another line or pair. */
function quoted(value: string): string {
  return PLAIN.test(value) ? value : JSON.stringify(value);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
