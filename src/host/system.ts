/** Facts about the process and the machine that INFO and the guards need. Cheap enough to ask a few times a second. */
export interface System {
  readonly pid: number;
  /** Runtime and its version, such as `node 20.19.0`. */
  readonly runtime: string;
  /** Name, release and architecture, such as `Linux 6.1.0 x86_64`. */
  readonly platform: string;
  readonly executable: string;
  /** Where relative paths begin: absolute. */
  readonly workingDirectory: string;
  /** Main memory of the machine (or of its container), in bytes. */
  readonly totalMemoryBytes: number;
  /** Of this machine, by which others may reach it: IPv4 before IPv6, none that is loopback or link-local. */
  addresses(): readonly string[];
  memory(): MemoryUse;
  cpu(): CpuUse;
}

export interface MemoryUse {
  /** Resident set of the whole process, in bytes. */
  readonly residentBytes: number;
  /** JavaScript heap in use and reserved, in bytes. */
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  /** Memory of array buffers, in bytes: where the arena lives. */
  readonly arrayBufferBytes: number;
}

export interface CpuUse {
  readonly userSeconds: number;
  readonly systemSeconds: number;
}
