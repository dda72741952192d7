/** OBJECT: how a value is kept and used, https://redis.io/docs/latest/commands/object/ */
import { type Location, NOWHERE } from "../keyspace/arena.js";
import { ACCESS } from "../keyspace/record.js";
import { ReplyError } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, container, data } from "./command.js";
import { withHelp } from "./help.js";
import { encodingName } from "./type-names.js";

const SWITCHING =
  "Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";
const NO_IDLE_TIME = `ERR An LFU maxmemory policy is selected, idle time not tracked. ${SWITCHING}`;
const NO_FREQUENCY = `ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${SWITCHING}`;

export const objectCommands: readonly Command[] = [
  container({
    name: "object",
    arity: -2,
    group: "generic",
    flags: [],
    since: "2.2.3",
    complexity: "By subcommand",
    summary: "Tells how a value is kept and used.",
    subcommands: withHelp({ of: "object", since: "6.2.0" }, [
      data({
        name: "encoding",
        arity: 3,
        group: "generic",
        flags: ["readonly"],
        keys: [{ first: 2, last: 2, step: 1, access: ["RO"] }],
        tips: ["nondeterministic_output"],
        syntax: "key",
        since: "2.2.3",
        complexity: "O(1)",
        summary: "Answers the name of the form in which a value is kept.",
        differs:
          "Where others have copies, what is left of removed fields and members counts towards the limits, and a hash or set that was emptied and refilled has its form of before, until that is collected.",
        run: encoding,
      }),
      data({
        name: "freq",
        arity: 3,
        group: "generic",
        flags: ["readonly"],
        keys: [{ first: 2, last: 2, step: 1, access: ["RO"] }],
        tips: ["nondeterministic_output"],
        syntax: "key",
        since: "4.0.0",
        complexity: "O(1)",
        summary: "Answers how often a key is used, on LFU's logarithmic scale.",
        run: freq,
      }),
      data({
        name: "idletime",
        arity: 3,
        group: "generic",
        flags: ["readonly"],
        keys: [{ first: 2, last: 2, step: 1, access: ["RO"] }],
        tips: ["nondeterministic_output"],
        syntax: "key",
        since: "2.2.3",
        complexity: "O(1)",
        summary: "Answers the seconds since a key was last used.",
        run: idletime,
      }),
      data({
        name: "refcount",
        arity: 3,
        group: "generic",
        flags: ["readonly"],
        keys: [{ first: 2, last: 2, step: 1, access: ["RO"] }],
        tips: ["nondeterministic_output"],
        syntax: "key",
        since: "2.2.3",
        complexity: "O(1)",
        summary: "Answers how many references a value has.",
        run: refcount,
      }),
    ]),
  }),
];

/** Opens the key, which does not count as a use of it; nil if there is none. */
function look(call: Call): Location {
  const at = call.inspect(2);
  if (at === NOWHERE) call.reply.null();
  return at;
}

function encoding(call: Call): void {
  const at = look(call);
  if (at !== NOWHERE) call.reply.bulkText(encodingName(call.keyspace, at));
}

function refcount(call: Call): void {
  if (look(call) !== NOWHERE) call.reply.integer(1);
}

function idletime(call: Call): void {
  const at = look(call);
  if (at === NOWHERE) return;
  const { access, records } = call.keyspace;
  if (access.isLfu) throw new ReplyError(NO_IDLE_TIME);
  call.reply.integer(access.idleSeconds(records.word(at, ACCESS)));
}

function freq(call: Call): void {
  const at = look(call);
  if (at === NOWHERE) return;
  const { access, records } = call.keyspace;
  if (!access.isLfu) throw new ReplyError(NO_FREQUENCY);
  call.reply.integer(access.frequency(records.word(at, ACCESS)));
}
