/** `torus forget`: takes nodes that will not come back out of the cluster. What they alone held is given up, so it asks twice. */
import type { Command } from "commander";
import type { Redis } from "ioredis";
import {
  askMembers,
  askStatus,
  askTorus,
  type MemberReport,
  type ReplicationReport,
} from "./cluster-reports.js";
import { CommandFailure, declareNode, type NodeFlags, withNode } from "./connection-options.js";
import { addressText } from "./members.js";
import { say } from "./terminal.js";

interface ForgetFlags extends NodeFlags {
  readonly yes?: boolean;
  readonly force?: boolean;
}

export function declareForget(program: Command): void {
  const command = program
    .command("forget")
    .description(
      "take dead nodes out of the cluster for good; others make up for their copies, and what they alone held is lost",
    )
    .argument(
      "<id...>",
      "the dead nodes' ids or names, or how their ids begin, as `torus members` shows them",
    )
    .option("--yes", "do it, if no keys are lost with them")
    .option("--force", "do it, whatever is lost with them");
  declareNode(command).action((ids: string[], flags: ForgetFlags) =>
    withNode(flags, (redis) => forget(redis, ids, flags)),
  );
}

async function forget(redis: Redis, words: readonly string[], { yes, force }: ForgetFlags): Promise<void> {
  const members = await askMembers(redis);
  const meant = [...new Set(words.map((word) => memberCalled(word, members)))];
  if (yes !== true && force !== true) {
    const { replication } = await askStatus(redis);
    throw new CommandFailure(whatIsLost(meant, replication));
  }
  const ids = meant.map(({ id }) => id);
  await askTorus(redis, "FORGET", ...ids, ...(force === true ? ["FORCE"] : []));
  say(`${meant.map(callOf).join(" and ")} ${meant.length === 1 ? "is" : "are"} forgotten`);
  const others = members.filter((member) => isAwaited(member) && !meant.includes(member));
  if (others.length > 0)
    say(`that waits for ${others.map(callOf).join(" and ")}, dead too: until back, or forgotten as well`);
}

function callOf({ id, name }: MemberReport): string {
  return name || id;
}

/** Whether changes of owners wait for it. */
function isAwaited({ status, lifecycle }: MemberReport): boolean {
  return status === "dead" && lifecycle !== "left";
}

/** The one member that is meant by a name, an id or the beginning of an id. Throws a `CommandFailure` if none or several are. */
export function memberCalled(words: string, members: readonly MemberReport[]): MemberReport {
  const exact = members.filter(({ id, name }) => id === words || name === words);
  const meant = exact.length > 0 ? exact : members.filter(({ id }) => words !== "" && id.startsWith(words));
  const [member] = meant;
  if (member === undefined) throw new CommandFailure(`no member has the id or name ${JSON.stringify(words)}`);
  if (meant.length > 1) throw new CommandFailure(`${meant.length} members are called ${words}: give an id`);
  return member;
}

/** What forgetting members means, and how to have it. */
export function whatIsLost(members: readonly MemberReport[], replication: ReplicationReport | null): string {
  const all = members.map(
    ({ id, name, host, port, status }) =>
      `${name === "" ? id : `${name} (${id})`} at ${addressText(host, port)} is ${status}`,
  );
  const slots = members.reduce((sum, member) => sum + member.slots, 0);
  return `${all.join(", ")}; ${replication === null ? lossOf(slots) : lossWithCopies(replication)}`;
}

function lossOf(slots: number): string {
  return slots === 0
    ? "there are no slots to be lost. Say --yes to do it"
    : `the keys in ${slots} slots are lost to the cluster if that is forgotten. Say --force to do it`;
}

function lossWithCopies({ copies, factor }: ReplicationReport): string {
  return copies === 0
    ? "of some slots no copy is left that has caught up: what only dead nodes had is lost to the cluster if these are forgotten. " +
        "Say --yes to do it if none of it is, --force to do it anyway"
    : `all slots have ${copies} of ${factor} copies at least, from which others will be made. Say --yes to do it`;
}
