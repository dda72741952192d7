/** The seeded simulations by name, and families of them that are run together. */
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

export interface Simulation {
  /** How many seeds if nobody says. */
  readonly seeds: number;
  /** Rejects if a promise is broken. */
  run(seed: number): Promise<void>;
}

/** What is on a disk that is lost is lost, if there is no other copy, and nobody acts in the place of who is away. */
const kindsWithOneCopy = replicatedKinds.filter((kind) =>
  (kindsOfReplicated[kind].kept as readonly string[]).includes("one"),
);

export const simulations: Readonly<Record<string, Simulation>> = {
  /** Whole clusters with clients. */
  ...Object.fromEntries(kinds.map((kind) => [`cluster-${kind}`, clusterOf(kind)])),
  /** Clusters with three copies of each key, and with one, which has to keep its promises as well. */
  ...Object.fromEntries(replicatedKinds.map((kind) => [`replicated-${kind}`, replicatedOf(kind, 3)])),
  ...Object.fromEntries(kindsWithOneCopy.map((kind) => [`unreplicated-${kind}`, replicatedOf(kind, 1)])),
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

const families: Readonly<Record<string, readonly string[]>> = {
  cluster: kinds.map((kind) => `cluster-${kind}`),
  replicated: replicatedKinds.map((kind) => `replicated-${kind}`),
  unreplicated: kindsWithOneCopy.map((kind) => `unreplicated-${kind}`),
};

/** The simulations that a name, or that of a family, stands for. Throws if there are none. */
export function simulationsNamed(name: string): readonly string[] {
  if (simulations[name] !== undefined) return [name];
  const family = families[name];
  const known = [...Object.keys(families), ...Object.keys(simulations)];
  if (family === undefined) throw new RangeError(`there is no simulation ${name}, but ${known.join(", ")}`);
  return family;
}

function clusterOf(kind: Kind): Simulation {
  return { seeds: 1000, run: (seed) => runCluster({ kind, seed }) };
}

function replicatedOf(kind: ReplicatedKind, copies: number): Simulation {
  return { seeds: 1000, run: (seed) => runReplicated({ kind, seed, copies }) };
}
