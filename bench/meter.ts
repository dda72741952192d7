/**
 * How much of the machine others used while something was measured: builds, neighbours, the hypervisor.
 * It decides which rounds are repeated, and the report shows it beside the figures.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Children } from "./children.js";
import { cpuSeconds, machineCpuSeconds, reapedCpuSeconds } from "./proc.js";

export interface Metered<Value> {
  readonly value: Value;
  /** CPU time of others, as a share of one processor. */
  readonly foreignBusy: number;
}

export interface Meter {
  around<Value>(work: () => Promise<Value>): Promise<Metered<Value>>;
  /** Waits until others leave the machine alone, within limits. */
  calm(): Promise<void>;
}

/** Beyond this a figure says more about others than about the servers. */
const foreignBusyMax = 0.1;
const lookMs = 250;

/** Judged by what others did, never by the figure itself: repeating rounds must not choose among results. */
export function isDisturbed(foreignBusy: number): boolean {
  return foreignBusy > foreignBusyMax;
}

/** What is not this process nor one of `children`, living or ended, is foreign. */
export function machineMeter(children: Children, patienceMs: number): Meter {
  const own = (): number =>
    [process.pid, ...children.pids()].reduce((sum, pid) => sum + cpuSeconds(pid), reapedCpuSeconds());

  async function around<Value>(work: () => Promise<Value>): Promise<Metered<Value>> {
    const before = machineCpuSeconds() - own();
    const startedMs = performance.now();
    const value = await work();
    const wallSeconds = (performance.now() - startedMs) / 1000;
    return { value, foreignBusy: Math.max(0, machineCpuSeconds() - own() - before) / wallSeconds };
  }

  async function calm(): Promise<void> {
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += lookMs) {
      const { foreignBusy } = await around(() => pause(lookMs));
      if (!isDisturbed(foreignBusy)) return;
    }
  }

  return { around, calm };
}
