/** `torus members`: all nodes that a node knows, in a table. */
import type { Command } from "commander";
import { askMembers, type MemberReport } from "./cluster-reports.js";
import { declareNode, type NodeFlags, withNode } from "./connection-options.js";
import { durationText } from "./durations.js";
import type { Meaning, Paint } from "./paint.js";
import { type Column, tableLines } from "./table.js";
import { paintOfTerminal, say, sayJson } from "./terminal.js";

const MILLIS_PER_SECOND = 1000;

export function declareMembers(program: Command): void {
  const command = program
    .command("members")
    .description("list the nodes of a cluster, as one of them sees them")
    .option("--json", "for programs");
  declareNode(command).action(async ({ json = false, ...flags }: NodeFlags & { readonly json?: boolean }) => {
    const members = byName(await withNode(flags, askMembers));
    if (json) sayJson(members);
    else for (const line of memberLines(members, paintOfTerminal())) say(line);
  });
}

/** A line for the titles and one a member. The star is the node that was asked. Columns that would say nothing are left out. */
export function memberLines(members: readonly MemberReport[], paint: Paint): readonly string[] {
  const columns: Column<MemberReport>[] = [
    { title: "", cell: ({ self }) => (self ? "*" : "") },
    { title: "name", cell: ({ name }) => name || "-" },
    { title: "status", cell: ({ status }) => paint(MEANINGS[status], status) },
    { title: "for", cell: ({ sinceMs }) => durationText(sinceMs / MILLIS_PER_SECOND) },
    { title: "lifecycle", cell: ({ lifecycle }) => lifecycle },
    { title: "slots", cell: ({ slots }) => String(slots), isNumber: true },
    { title: "link", cell: ({ link }) => (link === "down" ? paint("bad", link) : link) },
    ...(members.some(({ inSync }) => inSync !== null) ? copyColumns(paint) : []),
    { title: "address", cell: ({ host, port }) => addressText(host, port) },
    { title: "cluster", cell: ({ clusterPort }) => portText(clusterPort), isNumber: true },
    { title: "http", cell: ({ httpPort }) => portText(httpPort), isNumber: true },
  ];
  if (members.some(({ zone }) => zone !== ""))
    columns.push({ title: "zone", cell: ({ zone }) => zone || "-" });
  if (members.some(({ weight }) => weight !== 1)) {
    columns.push({ title: "weight", cell: ({ weight }) => String(weight), isNumber: true });
  }
  columns.push({ title: "id", cell: ({ id }) => paint("faint", id) });
  return tableLines(columns, members, paint);
}

/** What a node has of what the one that was asked executed, and whether it says that it has caught up. */
function copyColumns(paint: Paint): Column<MemberReport>[] {
  return [
    { title: "in sync", cell: ({ inSync }) => (inSync === true ? "yes" : paint("doubtful", "no")) },
    { title: "copy", cell: ({ copy }) => paint(COPY_MEANINGS[copy], copy) },
    {
      title: "lag",
      cell: ({ lagBytes, lagMs }) => (lagBytes === null ? "-" : `${lagBytes} B ${lagMs} ms`),
      isNumber: true,
    },
  ];
}

/** By name, then by id, so that two looks can be compared. */
export function byName(members: readonly MemberReport[]): readonly MemberReport[] {
  const order = new Intl.Collator("en", { numeric: true });
  return [...members].sort((a, b) => order.compare(a.name, b.name) || order.compare(a.id, b.id));
}

/** Where clients reach a node. An IPv6 address has brackets; a node without a host is one that has not said it. */
export function addressText(host: string, port: number): string {
  if (host === "") return port === 0 ? "-" : String(port);
  return `${host.includes(":") ? `[${host}]` : host}:${port === 0 ? "-" : port}`;
}

export function portText(port: number): string {
  return port === 0 ? "-" : String(port);
}

const MEANINGS: Readonly<Record<MemberReport["status"], Meaning>> = {
  alive: "good",
  suspect: "doubtful",
  dead: "bad",
  forgotten: "faint",
};

const COPY_MEANINGS: Readonly<Record<MemberReport["copy"], Meaning>> = {
  here: "good",
  "in-sync": "good",
  behind: "good",
  incomplete: "doubtful",
  unreachable: "bad",
  dead: "bad",
  none: "faint",
};
