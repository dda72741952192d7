import type { CpuUse, MemoryUse, System } from "../system.js";

const MEBIBYTE = 1 << 20;

/** A machine of the size that a test gives it, by setting the fields. Code takes no processor time in virtual time. */
export class SimSystem implements System {
  readonly runtime = "simulated 1.0.0";
  readonly platform = "Simulation 1.0.0 virtual";
  readonly executable = "/simulation/torus";
  readonly workingDirectory = "/simulation";
  totalMemoryBytes = 1024 * MEBIBYTE;
  memoryUse: MemoryUse = {
    residentBytes: 64 * MEBIBYTE,
    heapUsedBytes: 8 * MEBIBYTE,
    heapTotalBytes: 16 * MEBIBYTE,
    arrayBufferBytes: MEBIBYTE,
  };

  constructor(readonly pid: number) {}

  addresses(): readonly string[] {
    return [];
  }

  memory(): MemoryUse {
    return this.memoryUse;
  }

  cpu(): CpuUse {
    return { userSeconds: 0, systemSeconds: 0 };
  }
}
