/** How much is measured: the full run decides, the quick one hints, the smoke test only shows that all parts work. */
export interface Scale {
  readonly name: "full" | "quick" | "smoke";
  readonly rounds: number;
  /**
   * Rounds that do not count: a just-in-time compiler needs a million commands or two to see what is done, or as many for each of three
   * nodes, and the figures are about nodes that have run for longer.
   */
  readonly warmUpRounds: number;
  /** Whether rounds that others disturbed are repeated, at most as many as were asked for. */
  readonly repeats: boolean;
  /** How long a round waits for a quiet machine. */
  readonly patienceMs: number;
  /** Aimed length of one run of redis-benchmark, in seconds. */
  readonly cellSeconds: number;
  /** Keys that redis-benchmark draws from (`-r`), all of them present before it starts. */
  readonly keyspace: number;
  /** Key counts at which resident bytes are read, ascending. */
  readonly memoryKeys: readonly number[];
  readonly memoryRounds: number;
  /** What a load leaves behind for a moment (buffers of closed connections) is not what a key costs. */
  readonly settleMs: number;
  readonly stallKeys: number;
  readonly stallRounds: number;
  /** How long a second client watches an idle server, for the baseline. */
  readonly idleMs: number;
  /** Small collections, each under a key of its own, and elements of a large one. */
  readonly collections: number;
  readonly elements: number;
  readonly starts: number;
  readonly crowdClients: number;
  /** Pairs of SET and GET that each client of the crowd does. */
  readonly crowdTurns: number;
  readonly crowdRounds: number;
  readonly churnConnects: number;
  readonly churnRounds: number;
  readonly queueJobs: number;
  /** Fresh pairs of processes where the difference is about as small as that between two processes. */
  readonly pairs: number;
  /** Short runs of each process of a pair. */
  readonly slices: number;
  /** How often a node of a cluster is killed, frozen, or kept away. */
  readonly faults: number;
  /** How long keys are watched after a fault, and after the node is back. */
  readonly watchMs: number;
  /** How long a node is kept away while the others write on. */
  readonly awayMs: number;
  readonly awayWritesPerSecond: number;
  /** The run gives up after this, whatever hangs. */
  readonly minutesMax: number;
}

export const scales: Readonly<Record<Scale["name"], Scale>> = {
  full: {
    name: "full",
    warmUpRounds: 2,
    rounds: 5,
    repeats: true,
    patienceMs: 10_000,
    cellSeconds: 2.5,
    keyspace: 1_000_000,
    memoryKeys: [1_000_000, 5_000_000],
    memoryRounds: 2,
    settleMs: 1_000,
    stallKeys: 5_000_000,
    stallRounds: 3,
    idleMs: 1_500,
    collections: 200_000,
    elements: 1_000_000,
    starts: 11,
    crowdClients: 10_000,
    crowdTurns: 10,
    crowdRounds: 3,
    churnConnects: 20_000,
    churnRounds: 3,
    queueJobs: 10_000,
    pairs: 12,
    slices: 40,
    faults: 5,
    watchMs: 6_000,
    awayMs: 10_000,
    awayWritesPerSecond: 20_000,
    minutesMax: 80,
  },
  quick: {
    name: "quick",
    warmUpRounds: 1,
    rounds: 2,
    repeats: false,
    patienceMs: 0,
    cellSeconds: 0.3,
    keyspace: 1_000_000,
    memoryKeys: [500_000],
    memoryRounds: 1,
    settleMs: 300,
    stallKeys: 300_000,
    stallRounds: 1,
    idleMs: 400,
    collections: 50_000,
    elements: 300_000,
    starts: 5,
    crowdClients: 2_000,
    crowdTurns: 2,
    crowdRounds: 1,
    churnConnects: 5_000,
    churnRounds: 1,
    queueJobs: 2_000,
    pairs: 2,
    slices: 10,
    faults: 2,
    watchMs: 5_000,
    awayMs: 3_000,
    awayWritesPerSecond: 20_000,
    minutesMax: 8,
  },
  smoke: {
    name: "smoke",
    warmUpRounds: 0,
    rounds: 1,
    repeats: false,
    patienceMs: 0,
    cellSeconds: 0.05,
    keyspace: 10_000,
    memoryKeys: [50_000],
    memoryRounds: 1,
    settleMs: 50,
    stallKeys: 20_000,
    stallRounds: 1,
    idleMs: 50,
    collections: 2_000,
    elements: 10_000,
    starts: 1,
    crowdClients: 200,
    crowdTurns: 2,
    crowdRounds: 1,
    churnConnects: 200,
    churnRounds: 1,
    queueJobs: 200,
    pairs: 1,
    slices: 2,
    faults: 1,
    watchMs: 1_000,
    awayMs: 300,
    awayWritesPerSecond: 2_000,
    minutesMax: 10,
  },
};
