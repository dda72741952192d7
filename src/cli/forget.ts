/** `torus forget`: takes a node that will not come back out of the cluster. What it alone held is given up, so it asks twice. */
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
}

export function declareForget(program: Command): void {
  const command = program
    .command("forget")
    .description(
      "take a dead node out of the cluster for good; others make up for its copies, and what it alone held is lost",
    )
    .argument("<id>", "the dead node's id or name, or how its id begins, as `torus members` shows them")
    .option("--yes", "give up what it held");
  declareNode(command).action((id: string, flags: ForgetFlags) =>
    withNode(flags, (redis) => forget(redis, id, flags.yes === true)),
  );
}

async function forget(redis: Redis, words: string, isSure: boolean): Promise<void> {
  const member = memberCalled(words, await askMembers(redis));
  if (!isSure) {
    const { replication } = await askStatus(redis);
    throw new CommandFailure(`${whatIsLost(member, replication)}. Say --yes to do it`);
  }
  await askTorus(redis, "FORGET", member.id);
  say(`${member.name || member.id} is forgotten`);
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

/** What forgetting a member means, in a sentence without its full stop. */
export function whatIsLost(
  { id, name, host, port, status, slots }: MemberReport,
  replication: ReplicationReport | null,
): string {
  const who = `${name === "" ? id : `${name} (${id})`} at ${addressText(host, port)} is ${status}`;
  return `${who}; ${replication === null ? lossOf(slots) : lossWithCopies(replication)}`;
}

function lossOf(slots: number): string {
  return slots === 0
    ? "it holds no slots"
    : `the keys in its ${slots} slots are lost to the cluster if it is forgotten`;
}

function lossWithCopies({ copies, factor }: ReplicationReport): string {
  return copies === 0
    ? "of some slots no copy is left that has caught up: what it alone had is lost to the cluster if it is forgotten"
    : `all slots have ${copies} of ${factor} copies at least, which others will make up for if it is forgotten`;
}
