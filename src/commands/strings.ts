/** Commands on text: https://redis.io/docs/latest/commands/?group=string */
import { NOWHERE } from "../keyspace/arena.js";
import { TYPE_COUNTER, TYPE_TEXT } from "../keyspace/record.js";
import { setText } from "../keyspace/text.js";
import type { Call } from "./call.js";
import { type Command, data, keyAt1 } from "./command.js";

export const stringCommands: readonly Command[] = [
  data({
    name: "set",
    arity: -3,
    group: "string",
    flags: ["write", "denyoom"],
    keys: keyAt1("OW", "access", "update", "variable_flags"),
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Sets the value of a key, with a condition and an expiry if asked.",
    run: set,
  }),
  data({
    name: "get",
    arity: 2,
    group: "string",
    flags: ["readonly", "fast"],
    keys: keyAt1("RO", "access"),
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Returns the value of a key.",
    run: get,
  }),
];

function set(call: Call): void {
  call.open(1);
  setText(call.keyspace, call.bytes, call.start(2), call.end(2), 0);
  call.reply.ok();
}

function get(call: Call): void {
  const at = call.read(1);
  if (at === NOWHERE) {
    call.reply.null();
    return;
  }
  call.expectType(at, TYPE_TEXT, TYPE_COUNTER);
  const body = call.keyspace.records.body(at);
  call.reply.bulk(body.bytes, body.start, body.end);
}
