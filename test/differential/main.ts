import { parseArgs } from "node:util";
import { startRedis } from "../support/redis-server.js";
import { startTorus } from "../support/torus-node.js";
import { COMPARABLE } from "./comparable.js";
import { duel } from "./duel.js";
import type { Group } from "./group.js";
import { groups } from "./groups/index.js";
import { makeProgram } from "./program.js";
import { describeDisagreement } from "./report.js";
import { shrink } from "./shrink.js";

/** `npm run differential`: as many programs as one likes, against one group or all. Exits 1 if any was answered differently. */
const { values } = parseArgs({
  options: {
    group: { type: "string" },
    /** The first seed, or the only one where `--seeds` is not given. */
    seed: { type: "string", default: "1" },
    seeds: { type: "string" },
  },
});
const first = Number(values.seed);
const count = Number(values.seeds ?? (process.argv.some((word) => word.startsWith("--seed")) ? 1 : 1000));
const chosen = groups.filter(({ name }) => values.group === undefined || name === values.group);
if (chosen.length === 0)
  throw new Error(`no such group; there are ${groups.map(({ name }) => name).join(", ")}`);

const [subject, reference] = await Promise.all([startTorus(COMPARABLE), startRedis(COMPARABLE)]);
try {
  for (const group of chosen) await runGroup(group);
} finally {
  await Promise.all([subject.close(), reference.close()]);
}

async function runGroup(group: Group): Promise<void> {
  let disagreements = 0;
  for (let seed = first; seed < first + count; seed++) {
    const found = await duel(makeProgram(group, seed), subject, reference);
    if (found === undefined) continue;
    disagreements++;
    process.exitCode = 1;
    console.log(`${describeDisagreement(await shrink(found, subject, reference), subject, reference)}\n`);
  }
  console.log(`${group.name}: ${count} programs from seed ${first}, ${disagreements} answered differently`);
}
