import type { Prng } from "../../base/prng.js";
import type { Files } from "../files.js";
import { HostError } from "../host-error.js";
import type { Timeline } from "./timeline.js";

/** A read or a synced write takes up to so long. */
const LATENCY_MAX_MS = 2;

/** Text files in memory. Every path has a directory, every file may be read. */
export class SimFiles implements Files {
  private readonly textByPath = new Map<string, string>();

  constructor(
    private readonly timeline: Timeline,
    private readonly prng: Prng,
    private readonly place: string,
  ) {}

  async readText(path: string): Promise<string> {
    await this.turnaround("file read");
    const text = this.textByPath.get(path);
    if (text === undefined) throw new HostError("ENOENT", `no such file: ${path}`);
    return text;
  }

  async replaceText(path: string, text: string): Promise<void> {
    await this.turnaround("file write");
    this.textByPath.set(path, text);
  }

  private turnaround(kind: string): Promise<void> {
    const atMs = this.timeline.nowMs + this.prng.float() * LATENCY_MAX_MS;
    return new Promise((resolve) => this.timeline.plan({ atMs, kind, place: this.place }, resolve));
  }
}
