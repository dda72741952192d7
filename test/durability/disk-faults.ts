import { expect } from "chai";
import { HostError } from "#torus/host/host-error.js";
import { LogBench, readAll } from "./log-bench.js";
import { settled } from "./manual-time.js";
import type { MemoryDisk, Operation } from "./memory-disk.js";

/** Holds back operations until a test lets them go. */
export class Gate {
  #waiting: (() => void)[] = [];
  readonly #kind: Operation["kind"];

  constructor(disk: MemoryDisk, kind: Operation["kind"]) {
    this.#kind = kind;
    disk.before = (operation) => this.#hold(operation);
  }

  get count(): number {
    return this.#waiting.length;
  }

  /** Lets go what waits, and what it sets off go on until it comes to rest. */
  async open(): Promise<void> {
    for (const go of this.#waiting.splice(0)) go();
    await settled();
  }

  #hold({ kind }: Operation): Promise<void> | undefined {
    if (kind !== this.#kind) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

export function failing(disk: MemoryDisk, kind: Operation["kind"], code: string): () => void {
  disk.before = (operation) => {
    if (operation.kind === kind) throw new HostError(code, `${kind}: ${code}`);
  };
  return () => {
    disk.before = () => {};
  };
}

export function count(disk: MemoryDisk, kind: Operation["kind"]): number {
  return disk.operations.filter((operation) => operation.kind === kind).length;
}

export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Nothing that was not synced is left. */
export const never = { chance: () => false };

export async function benchOf(disk: MemoryDisk, setUp: Parameters<typeof LogBench.create>[1] = {}) {
  const bench = await LogBench.create(disk, setUp);
  return Object.assign(bench, { take: bench.take.bind(bench) });
}

export async function expectLasting(disk: MemoryDisk, text: string): Promise<void> {
  const found = await readAll(disk.afterPowerLoss(never));
  expect(found.text).equal(text);
}
