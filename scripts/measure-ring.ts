/** Prints the table of balance and movement in docs/ring.md: `npm run measure-ring`. Takes some seconds. */

import { Ring } from "#torus/ring/ring.js";
import { busiest, equalMembers, joinMovement, loadsOf } from "../test/ring/clusters.js";

const COUNTS = [3, 4, 5, 7, 10, 15, 20, 30, 50, 100, 150, 200];
const SEEDS = ["a", "b", "c", "d"];

process.stdout.write(
  "| members | busiest, first owners | busiest, 3 copies | a join moves, 3 copies | 1 copy |\n|---|---|---|---|---|\n",
);
for (const count of COUNTS) {
  const worst = (of: (seed: string) => number): string => Math.max(...SEEDS.map(of)).toFixed(3);
  const ring = (seed: string) => loadsOf(Ring.of(equalMembers(count, seed), { copies: 3 }));
  const cells = [
    worst((seed) => busiest(ring(seed).primaries)),
    worst((seed) => busiest(ring(seed).copies)),
    worst((seed) => joinMovement(count, 3, seed)),
    worst((seed) => joinMovement(count, 1, seed)),
  ];
  process.stdout.write(`| ${[count, ...cells].join(" | ")} |\n`);
}
