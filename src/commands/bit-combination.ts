/** BITOP: https://redis.io/docs/latest/commands/bitop/ */
import { type BitwiseOperation, combineRuns } from "../base/bitwise.js";
import type { ByteRange } from "../base/bytes.js";
import { NOWHERE } from "../keyspace/arena.js";
import { setComputedText } from "../keyspace/text.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, data } from "./command.js";
import { deleteOpen } from "./open-key.js";
import { readText } from "./read-text.js";

const ONE_SOURCE_FOR_NOT = "ERR BITOP NOT must be called with a single source key.";

const OPERATIONS: readonly BitwiseOperation[] = ["and", "or", "xor", "not"];

export const bitopCommand: Command = data({
  name: "bitop",
  arity: -4,
  group: "bitmap",
  flags: ["write", "denyoom"],
  keys: [
    { first: 2, last: 2, step: 1, access: ["OW", "update"] },
    { first: 3, last: -1, step: 1, access: ["RO", "access"] },
  ],
  syntax: "operation destkey#0 key#1...",
  since: "2.6.0",
  complexity: "O(N*M) in bytes of the longest value and in keys",
  summary:
    "Keeps what AND, OR, XOR or NOT make of the bits of several values, and answers how long that is in bytes.",
  differs: "On a cluster of several nodes its keys must be in one slot.",
  run: bitop,
});

function bitop(call: Call): void {
  const { keyspace, reply } = call;
  const operation = OPERATIONS.find((name) => call.is(1, name));
  if (operation === undefined) throw new ReplyError(SYNTAX_ERROR);
  if (operation === "not" && call.count !== 4) throw new ReplyError(ONE_SOURCE_FOR_NOT);
  const sources: ByteRange[] = [];
  for (let i = 3; i < call.count; i++) sources.push(readText(call, i));
  // Made before anything changes, so the destination may be one of the sources.
  const result = combineRuns(operation, sources);
  call.open(2);
  if (result.length > 0) {
    setComputedText(keyspace, result, 0);
    keyspace.happened("string", "set");
  } else if (keyspace.at !== NOWHERE) {
    deleteOpen(keyspace);
  }
  reply.integer(result.length);
}
