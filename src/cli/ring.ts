/** `torus ring`: which node executes which slots, as shares, and as ranges for who asks. */
import type { Command } from "commander";
import { groupBy } from "../base/groups.js";
import { SLOT_COUNT } from "../base/key-hash.js";
import { askRing, type SlotRange } from "./cluster-reports.js";
import { declareNode, type NodeFlags, withNode } from "./connection-options.js";
import type { Paint } from "./paint.js";
import { type Column, tableLines } from "./table.js";
import { paintOfTerminal, say, sayJson } from "./terminal.js";

/** Columns of the longest bar. */
const BAR_COLUMNS = 30;

/** Slots of one node. */
export interface Share {
  readonly id: string;
  readonly name: string;
  readonly slots: number;
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

interface RingFlags extends NodeFlags {
  readonly json?: boolean;
  readonly slots?: boolean;
}

export function declareRing(program: Command): void {
  const command = program
    .command("ring")
    .description("show which node executes which share of the keys, as one of them sees it")
    .option("--slots", "all ranges of slots too")
    .option("--json", "for programs");
  declareNode(command).action(async ({ json = false, slots = false, ...flags }: RingFlags) => {
    const ring = await withNode(flags, askRing);
    if (json) sayJson({ nodes: sharesOf(ring), unserved: unserved(ring) });
    else for (const line of ringLines(ring, slots, paintOfTerminal())) say(line);
  });
}

/** Per node, the greatest share first. */
export function sharesOf(ring: readonly SlotRange[]): readonly Share[] {
  const rangesById = groupBy(ring, ({ id }) => id);
  const shares = Array.from(rangesById, ([id, ranges]) => ({
    id,
    name: ranges[0]!.name,
    slots: slotsIn(ranges),
    ranges: ranges.map(({ first, last }) => [first, last] as const),
  }));
  return shares.sort((a, b) => b.slots - a.slots || (a.name < b.name ? -1 : 1));
}

export function ringLines(ring: readonly SlotRange[], withRanges: boolean, paint: Paint): readonly string[] {
  const shares = sharesOf(ring);
  const lines = [...shareLines(shares, paint)];
  const missing = unserved(ring);
  if (missing > 0)
    lines.push(paint("bad", `${missing} of ${SLOT_COUNT} slots have no node that executes their commands`));
  if (withRanges) lines.push("", ...rangeLines(ring, paint));
  return lines;
}

function shareLines(shares: readonly Share[], paint: Paint): readonly string[] {
  const most = Math.max(1, ...shares.map(({ slots }) => slots));
  const columns: Column<Share>[] = [
    { title: "name", cell: ({ name }) => name || "-" },
    { title: "share", cell: ({ slots }) => `${((slots / SLOT_COUNT) * 100).toFixed(1)} %`, isNumber: true },
    { title: "", cell: ({ slots }) => "#".repeat(Math.max(1, Math.round((slots / most) * BAR_COLUMNS))) },
    { title: "slots", cell: ({ slots }) => String(slots), isNumber: true },
    { title: "ranges", cell: ({ ranges }) => String(ranges.length), isNumber: true },
    { title: "id", cell: ({ id }) => paint("faint", id) },
  ];
  return tableLines(columns, shares, paint);
}

function rangeLines(ring: readonly SlotRange[], paint: Paint): readonly string[] {
  const columns: Column<SlotRange>[] = [
    { title: "first", cell: ({ first }) => String(first), isNumber: true },
    { title: "last", cell: ({ last }) => String(last), isNumber: true },
    { title: "node", cell: ({ name, id }) => name || id },
  ];
  return tableLines(columns, ring, paint);
}

function unserved(ring: readonly SlotRange[]): number {
  return SLOT_COUNT - slotsIn(ring);
}

function slotsIn(ranges: readonly SlotRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}
