/** INFO: reports on the node, section by section: https://redis.io/docs/latest/commands/info/ */
import { type Command, session } from "./command.js";
import { type InfoSection, infoSections } from "./info-sections.js";
import type { SessionCall } from "./session.js";

export const infoCommand: Command = session({
  name: "info",
  arity: -1,
  group: "server",
  flags: ["loading", "stale"],
  categories: ["dangerous"],
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  syntax: "[section...]",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Reports on the server, section by section.",
  history: [["7.0.0", "More than one section"]],
  differs:
    "Only fields that mean something here are listed, and none is made up; those that say `torus` or `runtime` are ours. `used_memory` " +
    "is what data and its index take, the figure that `maxmemory` limits. Fast commands are timed " +
    "by sample, so their `usec` is an estimate, as are percentiles. Section Replication of a node whose cluster keeps copies lists the other owners of its slots: as slaves those that are linked with, " +
    "in Redis's words (`state` is `wait_bgsave` or `send_bulk` while something is missing that is to be compared and copied; `lag` counts the seconds for which one has owed an acknowledgement), and all of them " +
    "as `torus_peer`s: `whole` says whether one lacks nothing but what is on its way, `received` whether this node has what that one had executed when they linked up. `torus_copies` is how many copies the slots with " +
    "the fewest have at present; `torus_copies_status` is `ok`, `too-few-nodes` (for as many as `replication-factor` says), or `missing-copies` (owners are dead or have not caught up). " +
    "`torus_in_sync` says whether this node has caught up. Offsets count the bytes that it executed since it started.",
  run: info,
});

function info(call: SessionCall): void {
  const parts = chosenSections(call).map((section) => sectionText(call, section));
  call.reply.verbatim(parts.join("\r\n"), "txt");
}

/** Those named, in the table's order and each once. Unknown names choose nothing. */
function chosenSections(call: SessionCall): readonly InfoSection[] {
  const names = new Set(call.texts(1).map((name) => name.toLowerCase()));
  if (names.has("all") || names.has("everything")) return infoSections;
  const takesDefault = names.size === 0 || names.has("default");
  return infoSections.filter(
    ({ title, isDefault }) => names.has(title.toLowerCase()) || (takesDefault && isDefault),
  );
}

function sectionText(call: SessionCall, { title, fields }: InfoSection): string {
  const lines = Object.entries(fields(call)).map(([name, value]) => `${name}:${value}\r\n`);
  return `# ${title}\r\n${lines.join("")}`;
}
