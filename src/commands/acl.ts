/** ACL: who may do what on this node, https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/ */
import { aclPermissionCommands } from "./acl-permissions.js";
import { aclUserCommands } from "./acl-users.js";
import { type Command, container } from "./command.js";
import { withHelp } from "./help.js";

export const aclCommand: Command = container({
  name: "acl",
  arity: -2,
  group: "server",
  flags: [],
  since: "6.0.0",
  complexity: "By subcommand",
  summary: "Says who may do what on this node.",
  subcommands: withHelp({ of: "acl", since: "6.0.0" }, [...aclUserCommands, ...aclPermissionCommands]),
});
