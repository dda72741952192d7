/** `torus status`: one glance at a node and its cluster, for a person on call and for checks that look at the exit status. */
import type { Command } from "commander";
import { SLOT_COUNT } from "../base/key-hash.js";
import { endWithStatus, failWith } from "../host/node/process.js";
import {
  askStatus,
  type ChangeReport,
  type PeerReport,
  type ReplicationReport,
  type StatusReport,
} from "./cluster-reports.js";
import { declareNode, type NodeFlags, Unreachable, withNode } from "./connection-options.js";
import { durationText } from "./durations.js";
import type { Paint } from "./paint.js";
import { paintOfTerminal, say, sayJson } from "./terminal.js";

/** Exit statuses: a node that answers but lacks something, and one that does not answer. */
const UNHEALTHY = 1;
const UNREACHABLE = 2;

export function declareStatus(program: Command): void {
  const command = program
    .command("status")
    .description(
      `tell how a node and its cluster are; exits with 0 if all is well, ${UNHEALTHY} if something is missing, ${UNREACHABLE} if the node is out of reach`,
    )
    .option("--json", "for programs");
  declareNode(command).action(showStatus);
}

async function showStatus({
  json = false,
  ...flags
}: NodeFlags & { readonly json?: boolean }): Promise<void> {
  let status: StatusReport;
  try {
    status = await withNode(flags, askStatus);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    failWith(`torus: ${error.message}`, UNREACHABLE);
    return;
  }
  const problems = problemsOf(status);
  if (json) sayJson({ healthy: problems.length === 0, problems, ...status });
  else for (const line of statusLines(status, paintOfTerminal())) say(line);
  if (problems.length > 0) endWithStatus(UNHEALTHY);
}

/** What somebody should look at, in words; empty if all is well. */
export function problemsOf(status: StatusReport): readonly string[] {
  const { missing, warnings, covered, linksDown, membersDead } = status;
  const problems = [...missing, ...warnings];
  const add = (isSo: boolean, problem: string) => {
    // The node's own words tell more, where there are any.
    if (isSo && problems.length === 0) problems.push(problem);
  };
  add(!covered, "some slots have no node that executes their commands");
  add(membersDead > 0, membersDead === 1 ? "a member is dead" : `${membersDead} members are dead`);
  add(
    linksDown > 0,
    linksDown === 1 ? "the link to a node is down" : `the links to ${linksDown} nodes are down`,
  );
  return problems;
}

export function statusLines(status: StatusReport, paint: Paint): readonly string[] {
  const { node, name, cluster, lifecycle, version, uptimeSeconds, placementEpoch, slots, change } = status;
  const problems = problemsOf(status);
  const verdict = problems.length === 0 ? paint("good", "healthy") : paint("bad", "not healthy");
  const lines: [title: string, text: string][] = [
    ["status", problems.length === 0 && change !== null ? `${verdict}, with a change under way` : verdict],
    ...problemLines(status, paint),
    [
      "node",
      `${name === "" ? node : `${name} (${node})`}, ${lifecycle}, up ${durationText(uptimeSeconds)}, version ${version}`,
    ],
    ["cluster", cluster === null ? "none" : `${cluster}, placement ${placementEpoch}`],
    ["members", membersText(status, paint)],
    ["links", linksText(status, paint)],
    [
      "slots",
      `${slots} of ${SLOT_COUNT} here${status.covered ? ", all assigned" : paint("bad", ", not all assigned")}`,
    ],
  ];
  const { replication } = status;
  if (replication !== null) {
    lines.push(["copies", copiesText(replication, paint)]);
    for (const peer of replication.peers)
      if (peer.copy !== "in-sync") lines.push(["", peerText(peer, paint)]);
  }
  if (change !== null) lines.push(["change", changeText(change)]);
  if (status.slowness > 1) {
    lines.push([
      "slowness",
      paint(
        "doubtful",
        `${status.slowness}: the node finds itself slow, and waits longer before it suspects others`,
      ),
    ]);
  }
  const width = Math.max(...lines.map(([title]) => title.length));
  return lines.map(([title, text]) => `${paint("faint", title.padEnd(width))}  ${text}`);
}

/** What the node does not warn of is missing. */
function problemLines(status: StatusReport, paint: Paint): [title: string, text: string][] {
  const { warnings } = status;
  const missing = problemsOf(status).filter((problem) => !warnings.includes(problem));
  return [
    ...missing.map((problem, at): [string, string] => [at === 0 ? "missing" : "", paint("bad", problem)]),
    ...warnings.map((warning, at): [string, string] => [
      at === 0 ? "warning" : "",
      paint("doubtful", warning),
    ]),
  ];
}

const DEEDS: Readonly<Record<ChangeReport["kind"], string>> = {
  join: "joins",
  leave: "leaves",
  forget: "is forgotten",
};

/** A change of owners in words: `n3 joins: 120 of 5461 slots handed over`. */
export function changeText({
  kind,
  phase,
  node,
  name,
  others,
  slots,
  slotsDone,
  bytesShipped,
}: ChangeReport): string {
  const company = others.length === 0 ? "" : ` (and ${others.length} more)`;
  const who = `${name === "" ? node : name}${company} ${DEEDS[kind]}`;
  const step = phase === "transfer" ? "copied" : "handed over";
  return slots === 0
    ? `${who}: ${phase}`
    : `${who}: ${slotsDone} of ${slots} slots ${step}, ${bytesShipped} bytes shipped`;
}

/** How many copies slots have at least, and why they are not as many as they should be. */
export function copiesText({ factor, placed, copies, inSync }: ReplicationReport, paint: Paint): string {
  const parts = [`${copies} of ${factor}${copies < placed ? " at least" : ""}`];
  if (copies < placed) parts[0] = paint("bad", parts[0]!);
  else if (placed < factor) parts.push("there are no more nodes");
  parts.push(inSync ? "this node has caught up" : paint("bad", "this node has not caught up"));
  return parts.join(", ");
}

/** Of an owner that does not have everything: `n2 is behind: 4096 bytes, 12 records, 30 ms`. */
export function peerText(
  { id, name, copy, lagBytes, lagRecords, lagMs, repair }: PeerReport,
  paint: Paint,
): string {
  const state = `${name === "" ? id : name} is ${copy}`;
  if (copy === "behind") return `${state}: ${lagBytes} bytes, ${lagRecords} records, ${lagMs} ms`;
  const compared = repair === null ? "" : `: ${repair.slotsCompared} of ${repair.slots} slots compared`;
  return paint(copy === "incomplete" ? "doubtful" : "bad", state) + compared;
}

function membersText({ membersAlive, membersSuspect, membersDead }: StatusReport, paint: Paint): string {
  const parts = [`${membersAlive} alive`];
  if (membersSuspect > 0) parts.push(paint("doubtful", `${membersSuspect} suspect`));
  if (membersDead > 0) parts.push(paint("bad", `${membersDead} dead`));
  return parts.join(", ");
}

function linksText({ linksUp, linksDown }: StatusReport, paint: Paint): string {
  if (linksUp + linksDown === 0) return "none needed";
  return linksDown === 0 ? `${linksUp} up` : `${linksUp} up, ${paint("bad", `${linksDown} down`)}`;
}
