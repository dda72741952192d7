/** TORUS: the commands that Redis does not have. */
import { forget, leave, meet } from "./cluster-change.js";
import { type Command, container, session } from "./command.js";
import { withHelp } from "./help.js";
import { backupCommand } from "./torus-backup.js";
import { consistencyCommand } from "./torus-consistency.js";
import { explain, route } from "./torus-explain.js";
import { members, ring, status } from "./torus-status.js";

/** Of Redis's releases the one that is followed; they are all as old as TorusKV. */
const SINCE = "7.0.0";
const NEW = "TorusKV's own.";
const ALIAS = `${NEW} The same as in CLUSTER`;

export const torusCommand: Command = container({
  name: "torus",
  arity: -2,
  group: "server",
  flags: [],
  since: SINCE,
  complexity: "By subcommand",
  summary: "Works on the node and its cluster in ways that Redis does not have.",
  differs: NEW,
  subcommands: withHelp({ of: "torus", since: SINCE }, [
    session({
      name: "status",
      arity: 2,
      group: "server",
      flags: ["stale"],
      since: SINCE,
      complexity: "O(N) in nodes",
      summary: "Tells in a map how this node and its cluster are.",
      differs:
        `${NEW} \`node\` and \`cluster\` are ids, \`slots\` counts those that this node executes; \`covered\` says whether all have an executor, ` +
        "`missing` what this node lacks, and `warnings` what makes the cluster weaker than it should be, both in words. `replication` is nil in a cluster that keeps one of everything, or a map: " +
        "`factor` copies are wanted, `placed` are there nodes for, and `copies` have those slots at present that have the fewest; `in-sync` says whether this node has caught up; `peers` are the other owners of its slots. " +
        "Of a peer `copy` is what it has of what this node executed: `in-sync`, `behind` (by what is on its way), `incomplete` (until copies are compared), `unreachable` or `dead`; `received` says whether this node has what that one had executed " +
        "when they linked up. `change` is nil, or a map of the change of owners under way and what this node has done of it. " +
        "`slowness` is how many times longer than usual the node waits before it suspects others. Without a cluster the node is all there is, " +
        "under its `run_id`.",
      run: status,
    }),
    session({
      name: "members",
      arity: 2,
      group: "server",
      flags: ["stale"],
      since: SINCE,
      complexity: "O(N) in nodes and ranges of slots",
      summary: "Lists all nodes that this one knows, each as a map.",
      differs:
        `${NEW} \`lifecycle\` is the node's own word: joining, active, leaving or left; \`status\` what this node believes of it: alive, suspect, ` +
        "dead or forgotten, for `since-ms` milliseconds. `link` is `self`, `up`, `down`, or `none` where none is kept. `in-sync` is its own word that it has caught up, nil in a cluster that keeps one of everything; " +
        "`copy` is what it has of what this node executed, as in `TORUS STATUS`, `here`, or `none` if it shares no slots.",
      run: members,
    }),
    session({
      name: "ring",
      arity: 2,
      group: "server",
      flags: ["stale"],
      since: SINCE,
      complexity: "O(N) in ranges of slots",
      summary:
        "Lists ranges of slots: the first, the last, the id and the name of the node that executes their commands.",
      differs: `${NEW} Slots that nobody executes at present are left out.`,
      run: ring,
    }),
    session({
      name: "explain",
      arity: 3,
      group: "server",
      flags: ["readonly"],
      keys: [{ first: 2, last: 2, step: 1, access: ["RO"] }],
      syntax: "key",
      since: SINCE,
      complexity: "O(1)",
      summary: "Tells in a map where a key belongs and what is known of it.",
      differs:
        `${NEW} Like every command with a key it is executed by the node that executes the key's slot; \`TORUS ROUTE\` tells what any other node ` +
        "would do. `owners` are by preference, and `next-owners` those after the change under way, if there is one. `replicas` has an entry per copy, in that order: " +
        "`link` is how this node reaches it; `copy` is `here`, or what it has of what this node executed for the slot: `in-sync`, `behind`, `incomplete`, `unreachable`, `dead`, or `unknown`, with how far the node lags behind this one. " +
        "`state` is present, expired, deleted or absent (deleted and expired keys leave something behind only while another node needs to know); of copies elsewhere it is `same` if they are in sync, else `unknown`. " +
        "`clock` and `origin` are the version of the write that began the key's life, `written-ms` the time in it, and `expires-ms` when it expires.",
      run: explain,
    }),
    session({
      name: "route",
      arity: 3,
      group: "server",
      flags: ["stale"],
      syntax: "key:string",
      since: SINCE,
      complexity: "O(1)",
      summary: "Tells in a map where a key belongs and where this node would send a command on it.",
      differs:
        `${NEW} It is answered by the node that is asked, also while nobody executes the slot: then \`executor\` is nil. ` +
        "The other fields are those of `TORUS EXPLAIN`.",
      run: route,
    }),
    session({
      name: "leave",
      arity: 2,
      group: "server",
      flags: ["admin", "noscript", "no_multi"],
      since: SINCE,
      complexity: "O(N) in keys of the node, while it serves",
      summary: "Hands the slots of this node over to the others, and replies when that is done.",
      differs: NEW,
      run: leave,
    }),
    session({
      name: "meet",
      arity: -4,
      group: "server",
      flags: ["admin", "noscript", "no_multi"],
      syntax: "host port:integer [cluster-port:integer]",
      since: SINCE,
      complexity: "O(1)",
      summary: "Joins the cluster of the node at an address.",
      differs: `${ALIAS}.`,
      run: meet,
    }),
    session({
      name: "forget",
      arity: -3,
      group: "server",
      flags: ["admin", "noscript", "no_multi"],
      syntax: "node-id:string... [FORCE]",
      since: SINCE,
      complexity: "O(N) in nodes",
      summary:
        "Declares dead nodes gone for good: others make up for their copies. Slots of which there are no others begin anew, empty: only with FORCE.",
      differs: `${ALIAS}, which knows one node at a time, and no FORCE.`,
      run: forget,
    }),
    consistencyCommand,
    backupCommand,
  ]),
});
