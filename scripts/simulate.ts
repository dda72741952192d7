/**
 * Long runs of the seeded simulations: `npm run simulate -- cluster --seeds 5000 --from 1000`, or all of them without a name. A
 * failure prints its seed and ends the run with status 1; the same seed fails again wherever it is run.
 */
import { parseArgs } from "node:util";
import { type Kind, kinds, runCluster } from "../test/simulation/cluster/cluster-run.js";
import { runDurable } from "../test/simulation/durable-node.js";
import { runTurmoil } from "../test/simulation/membership.js";
import { runOwners } from "../test/simulation/owners-run.js";
import {
  kinds as kindsOfReplicated,
  type Kind as ReplicatedKind,
  kindNames as replicatedKinds,
} from "../test/simulation/replicated/kinds.js";
import { runReplicated } from "../test/simulation/replicated/replicated-run.js";
import { measureMembership } from "./measure-membership.js";

interface Simulation {
  /** How many seeds if nobody says. */
  readonly seeds: number;
  /** Rejects if a promise is broken. */
  run(seed: number): Promise<void>;
}

const simulations: Readonly<Record<string, Simulation>> = {
  /** Whole clusters with clients: of each kind, or of one. */
  cluster: {
    seeds: 1000,
    async run(seed) {
      for (const kind of kinds) await runCluster({ kind, seed });
    },
  },
  "cluster-calm": clusterOf("calm"),
  "cluster-network": clusterOf("network"),
  "cluster-crashes": clusterOf("crashes"),
  "cluster-turmoil": clusterOf("turmoil"),
  /** Clusters with three copies of each key: of each kind, or of one. */
  replicated: {
    seeds: 1000,
    async run(seed) {
      for (const kind of replicatedKinds) await runReplicated({ kind, seed, copies: 3 });
    },
  },
  ...Object.fromEntries(replicatedKinds.map((kind) => [`replicated-${kind}`, replicatedOf(kind, 3)])),
  /** The same with one copy, which has to keep its promises as well, as long as no disk is lost. */
  ...Object.fromEntries(
    replicatedKinds
      .filter((kind) => !(kindsOfReplicated[kind].faults as readonly string[]).includes("disk"))
      .map((kind) => [`unreplicated-${kind}`, replicatedOf(kind, 1)]),
  ),
  durability: {
    seeds: 1000,
    async run(seed) {
      for (const appendfsync of ["always", "everysec", "no"] as const)
        await runDurable({ appendfsync, seed });
    },
  },
  /** Nodes that join and leave while keys are written, crash, and are cut off. */
  owners: { seeds: 300, run: (seed) => runOwners({ seed }) },
  /** Members that crash, move, lose datagrams and are cut off, and then have to agree. */
  membership: { seeds: 1000, run: (seed) => runTurmoil({ seed }) },
  /** An hour of a hundred members, and a thousand members of whom some die: what it costs and how long it takes. */
  "membership-figures": { seeds: 1, run: measureMembership },
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: "string" }, from: { type: "string", default: "0" } },
});
const wanted = positionals.length > 0 ? positionals : ["cluster", "durability", "membership"];
const first = numberOf(values.from);
for (const name of wanted) {
  const simulation = simulations[name];
  if (simulation === undefined)
    throw new RangeError(`there is no simulation ${name}, but ${Object.keys(simulations).join(", ")}`);
  const count = values.seeds === undefined ? simulation.seeds : numberOf(values.seeds);
  for (let seed = first; seed < first + count; seed++) {
    await simulation.run(seed);
    if ((seed - first + 1) % 100 === 0) process.stdout.write(`${name}: ${seed - first + 1} seeds\n`);
  }
  process.stdout.write(`${name}: ${count} seeds from ${first} on, no promise broken\n`);
}

function clusterOf(kind: Kind): Simulation {
  return { seeds: 1000, run: (seed) => runCluster({ kind, seed }) };
}

function replicatedOf(kind: ReplicatedKind, copies: number): Simulation {
  return { seeds: 1000, run: (seed) => runReplicated({ kind, seed, copies }) };
}

function numberOf(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError("--seeds and --from are numbers");
  return number;
}
