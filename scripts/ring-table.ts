/** The rows of the table in docs/ring.md: balance, and movement at a join, measured. */
import { Ring } from "#torus/ring/ring.js";
import { busiest, equalMembers, joinMovement, loadsOf } from "../test/ring/clusters.js";

const COUNTS = [3, 4, 5, 7, 10, 15, 20, 30, 50, 75, 100, 125, 150, 175, 199];
const SEEDS = ["a", "b", "c", "d", "e", "f", "g", "h"];

export const tableHead =
  "| members | busiest, first owners | busiest, 3 copies | a join moves, 3 copies: mean, worst | 1 copy: mean, worst |\n" +
  "|---|---|---|---|---|\n";

/** About half a second for 10 members. */
export function tableRow(count: number): string {
  const loads = SEEDS.map((seed) => loadsOf(Ring.of(equalMembers(count, seed), { copies: 3 })));
  const worst = (numbers: readonly number[]) => Math.max(...numbers).toFixed(3);
  const mean = (numbers: readonly number[]) =>
    (numbers.reduce((sum, number) => sum + number, 0) / numbers.length).toFixed(3);
  const moved = (copies: number) => {
    const joins = SEEDS.map((seed) => joinMovement(count, copies, seed));
    return `${mean(joins)}, ${worst(joins)}`;
  };
  const cells = [
    worst(loads.map(({ primaries }) => busiest(primaries))),
    worst(loads.map(({ copies }) => busiest(copies))),
    moved(3),
    moved(1),
  ];
  return `| ${[count, ...cells].join(" | ")} |\n`;
}

/** Takes some seconds. */
export function ringTable(): string {
  return tableHead + COUNTS.map(tableRow).join("");
}
