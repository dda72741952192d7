/** The kinds of runs of replicated clusters: what may happen in them, and what has to hold all the same. */
import type { Level } from "./level.js";

export type Fault = "delay" | "network" | "process" | "clock" | "disk" | "absence";

export interface KindOfRun {
  readonly faults: readonly Fault[];
  /** The levels whose acknowledged writes are there in the end: one node has what was acknowledged at `one`, and its disk may be lost. */
  readonly kept: readonly Level[];
  /**
   * The levels at which a connection is always shown again what it wrote or saw: at `one` that is as long as no node acts in the place of one
   * that it takes for dead, for what that one had not passed on is not there (docs/consistency.md).
   */
  readonly sessions: readonly Level[];
  /**
   * Whether a node may go on executing though others have replaced it: then what it did, and nobody confirmed, may win over increments of a
   * field that somebody else acknowledged (docs/consistency.md).
   */
  readonly mayBeDeposed: boolean;
  /** Whether registers are linearizable: not where a clock that was set back lets an earlier write win. */
  readonly isLinearizable: boolean;
  /** How far clocks may differ, in milliseconds. */
  readonly clocksApartMs: number;
  /** How long it takes at most from one thing that happens to the next. */
  readonly pausesMs: readonly number[];
  /** For how long an owner that is away is waited for before remains are collected. */
  readonly graceMs: number;
}

const BOTH: readonly Level[] = ["one", "quorum"];
const EVEN_CLOCKS_MS = 500;
/** A node that was killed goes on up to 4 s later than its clock, and others with it (clock-ceiling.ts). */
const CRASHED_CLOCKS_MS = EVEN_CLOCKS_MS + 4000;
const STEPPED_CLOCKS_MS = 10_000;

/** Nobody is away for so long. */
const LONG_MS = 3_600_000;

const USUAL = { pausesMs: [300, 1500, 5000], graceMs: LONG_MS } as const;

const RIGHT_CLOCKS = {
  ...USUAL,
  kept: BOTH,
  sessions: ["quorum"],
  mayBeDeposed: true,
  isLinearizable: true,
  clocksApartMs: EVEN_CLOCKS_MS,
} as const;

export const kinds = {
  /** Nodes join and leave, and nothing fails. */
  calm: { ...RIGHT_CLOCKS, sessions: BOTH, faults: [], mayBeDeposed: false },
  /** Messages and syncs take longer, and streams break, but nobody is taken for dead. */
  delays: { ...RIGHT_CLOCKS, sessions: BOTH, faults: ["delay"], mayBeDeposed: false },
  /** Ways are cut in every shape, or slow; streams break, datagrams get lost. */
  partitions: { ...RIGHT_CLOCKS, faults: ["network"] },
  /** Processes crash, stand still and come back; machines lose power. */
  crashes: { ...RIGHT_CLOCKS, clocksApartMs: CRASHED_CLOCKS_MS, faults: ["process"] },
  /** Clocks drift and are set, amid all of that. */
  clocks: {
    ...USUAL,
    faults: ["network", "process", "clock", "clock"],
    kept: BOTH,
    sessions: ["quorum"],
    mayBeDeposed: true,
    isLinearizable: false,
    clocksApartMs: STEPPED_CLOCKS_MS,
  },
  /** Disks are lost, one at a time, and processes crash. */
  wipes: {
    ...RIGHT_CLOCKS,
    clocksApartMs: CRASHED_CLOCKS_MS,
    faults: ["disk", "process"],
    kept: ["quorum"],
  },
  /**
   * Nodes are away for longer than they are waited for, one at a time: dead, or cut off from all others but not from clients. What one of them
   * executed alone is lost; what a majority has is not, and nothing comes back.
   */
  absences: {
    ...RIGHT_CLOCKS,
    clocksApartMs: CRASHED_CLOCKS_MS,
    faults: ["absence", "absence", "process"],
    kept: ["quorum"],
    pausesMs: [1500, 5000, 30_000],
    graceMs: 1000,
  },
  /** All of that but wrong clocks. */
  turmoil: {
    ...RIGHT_CLOCKS,
    clocksApartMs: CRASHED_CLOCKS_MS,
    faults: ["network", "process", "disk"],
    kept: ["quorum"],
  },
} as const satisfies Readonly<Record<string, KindOfRun>>;

export type Kind = keyof typeof kinds;

export const kindNames = Object.keys(kinds) as readonly Kind[];
