/** LOLWUT: https://redis.io/docs/latest/commands/lolwut/ */
import { drawTorus } from "../base/torus-art.js";
import { version } from "../base/version.js";
import type { Call } from "./call.js";
import { type Command, data } from "./command.js";

export const lolwutCommand: Command = data({
  name: "lolwut",
  arity: -1,
  group: "server",
  flags: ["readonly", "fast"],
  syntax: "[VERSION version:integer]",
  since: "5.0.0",
  complexity: "O(1)",
  summary: "Draws something, and tells the version.",
  differs: "It is always a torus, turned by chance, and the version is ours.",
  run: lolwut,
});

function lolwut(call: Call): void {
  // As in Redis, only the number is judged: who asks for a drawing that is not there gets this one.
  if (call.count > 2 && call.is(1, "version")) call.integer(2);
  const turn = () => (call.random() / 2 ** 32) * 2 * Math.PI;
  call.reply.verbatim(`${drawTorus(turn(), turn())}\nTorusKV ver. ${version}\n`, "txt");
}
