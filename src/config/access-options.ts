/** Options about users and what they may do. */
import { option } from "./option.js";
import { integer, oneOf, text } from "./option-types.js";
import { userDeclarations } from "./user-declarations.js";

export const accessOptions = {
  users: option(userDeclarations(), {
    name: "user",
    default: [],
    mutable: false,
    isDirective: true,
    doc:
      "A user and its rules, in the notation of ACL SETUSER: `user alice on >secret ~cached:* +@read`; a line each. The user `default` is " +
      "begun anew by a line of its own. CONFIG REWRITE writes the users in force, passwords as hashes. Not together with `aclfile`. A flag is " +
      "visible in the list of processes: prefer the file.",
    differs:
      "CONFIG REWRITE writes no users as long as there is only `default` and `requirepass` says all of it.",
  }),
  aclfile: option(text("path"), {
    name: "aclfile",
    default: "",
    mutable: false,
    doc:
      "File of users, a line `user name rules` each, which has to be there. ACL LOAD reads it again, ACL SAVE writes it; CONFIG REWRITE then writes " +
      "no users. Empty: users stand in the configuration file. A file of their own can be distributed to all nodes of a cluster.",
  }),
  aclPubsubDefault: option(oneOf("channels", ["allchannels", "resetchannels"]), {
    name: "acl-pubsub-default",
    default: "resetchannels",
    mutable: true,
    doc:
      "The channels that a new user, a new selector or one that is reset may use: none, or all of them. `allchannels` is for users that were " +
      "written before there were rules for channels.",
  }),
  acllogMaxLen: option(integer({ min: 0, max: Number.MAX_SAFE_INTEGER, unit: "entries" }), {
    name: "acllog-max-len",
    default: 128,
    mutable: true,
    doc: "Entries that ACL LOG keeps. More remember longer what users were denied, and take memory.",
  }),
} as const;
