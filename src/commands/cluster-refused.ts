/**
 * What Redis Cluster has its operators do by hand, and what therefore makes no sense here: slots follow from who the members are, and
 * the members agree by themselves. Each is known, and says what to do instead.
 */
import { ReplyError } from "../protocol/reply-error.js";
import { clusterOf } from "./cluster-change.js";
import { type Command, type CommandFlag, type Declaration, session } from "./command.js";

const SLOTS_FOLLOW =
  "ERR slots are not assigned by hand: a node gets its share when it joins (CLUSTER MEET) and hands it over when it leaves (TORUS LEAVE)";
const EPOCHS_FOLLOW =
  "ERR epochs are not set by hand: the nodes agree on them (TORUS STATUS shows the epoch)";
const NO_REPLICAS =
  "ERR a node is not the replica of another: TORUS LEAVE hands over the slots of a node that is to go";
const RESET_INSTEAD =
  "ERR a node leaves its cluster by TORUS LEAVE, and a dead one is taken out of it by TORUS FORGET";
const SAVED_ANYWAY =
  "ERR there is nothing to save: what a node knows of its cluster is kept in its data directory";

const ADMIN: readonly CommandFlag[] = ["admin", "stale", "no_async_loading"];

type Facts = Pick<Declaration, "name" | "arity" | "since" | "syntax" | "tips"> & {
  readonly flags?: readonly CommandFlag[];
  /** What Redis does. */
  readonly does: string;
  readonly instead: string;
};

const refused: readonly Facts[] = [
  {
    name: "addslots",
    arity: -3,
    syntax: "slot:integer...",
    since: "3.0.0",
    does: "assigns slots to the node",
    instead: SLOTS_FOLLOW,
  },
  {
    name: "addslotsrange",
    arity: -4,
    syntax: "(start-slot:integer end-slot:integer)...",
    since: "7.0.0",
    does: "assigns ranges of slots to the node",
    instead: SLOTS_FOLLOW,
  },
  {
    name: "delslots",
    arity: -3,
    syntax: "slot:integer...",
    since: "3.0.0",
    does: "makes the node forget who has some slots",
    instead: SLOTS_FOLLOW,
  },
  {
    name: "delslotsrange",
    arity: -4,
    syntax: "(start-slot:integer end-slot:integer)...",
    since: "7.0.0",
    does: "makes the node forget who has ranges of slots",
    instead: SLOTS_FOLLOW,
  },
  {
    name: "flushslots",
    arity: 2,
    since: "3.0.0",
    does: "makes the node forget who has which slots",
    instead: SLOTS_FOLLOW,
  },
  {
    name: "setslot",
    arity: -4,
    syntax:
      "slot:integer subcommand=(IMPORTING node-id:string|MIGRATING node-id:string|NODE node-id:string|STABLE)",
    since: "3.0.0",
    does: "moves a slot by hand, step by step",
    instead: SLOTS_FOLLOW,
  },
  {
    name: "bumpepoch",
    arity: 2,
    tips: ["nondeterministic_output"],
    since: "3.0.0",
    does: "raises the node's epoch",
    instead: EPOCHS_FOLLOW,
  },
  {
    name: "set-config-epoch",
    arity: 3,
    syntax: "config-epoch:integer",
    since: "3.0.0",
    does: "sets the epoch of a new node",
    instead: EPOCHS_FOLLOW,
  },
  {
    name: "failover",
    arity: -2,
    syntax: "[options=(FORCE|TAKEOVER)]",
    since: "3.0.0",
    does: "makes a replica the primary",
    instead: NO_REPLICAS,
  },
  {
    name: "replicate",
    arity: 3,
    syntax: "node-id:string",
    since: "3.0.0",
    does: "makes the node a replica of another",
    instead: NO_REPLICAS,
  },
  {
    name: "reset",
    arity: -2,
    flags: ["admin", "noscript", "stale"],
    syntax: "[hard_soft=(HARD|SOFT)]",
    since: "3.0.0",
    does: "makes the node forget its cluster",
    instead: RESET_INSTEAD,
  },
  {
    name: "saveconfig",
    arity: 2,
    since: "3.0.0",
    does: "writes what the node knows of the cluster to its disk",
    instead: SAVED_ANYWAY,
  },
];

export const refusedClusterCommands: readonly Command[] = refused.map(
  ({ does, instead, flags = ADMIN, ...facts }) =>
    session({
      ...facts,
      flags,
      group: "cluster",
      complexity: "O(1)",
      summary: "Is refused, and says what to do instead.",
      differs: `There it ${does}. Here: "${instead.slice("ERR ".length)}".`,
      run(call) {
        clusterOf(call);
        throw new ReplyError(instead);
      },
    }),
);
