/** Text files as simulated processes see them. */
import type { Prng } from "../../base/prng.js";
import type { Encoding, Files } from "../files.js";
import { HostError } from "../host-error.js";
import { type Life, noAnswer } from "./life.js";
import type { Timeline } from "./timeline.js";

/** A read or a synced write takes up to so long. */
const LATENCY_MAX_MS = 2;

export interface FilesSurroundings {
  readonly timeline: Timeline;
  readonly prng: Prng;
  readonly life: Life;
  readonly place: string;
  /** The machine's, which outlive its processes. */
  readonly fileByPath: Map<string, Buffer>;
}

/** Text files of a machine. Every path has a directory, every file may be read; a replacement is never half done. */
export class SimFiles implements Files {
  constructor(private readonly surroundings: FilesSurroundings) {}

  async readText(path: string, encoding: Encoding = "utf8"): Promise<string> {
    await this.turnaround("file read");
    const bytes = this.surroundings.fileByPath.get(path);
    if (bytes === undefined) throw new HostError("ENOENT", `no such file: ${path}`);
    return bytes.toString(encoding);
  }

  async replaceText(path: string, text: string, encoding: Encoding = "utf8"): Promise<void> {
    await this.turnaround("file write");
    this.surroundings.fileByPath.set(path, Buffer.from(text, encoding));
  }

  private turnaround(kind: string): Promise<void> {
    const { timeline, prng, life, place } = this.surroundings;
    if (life.isOver) return noAnswer();
    const atMs = timeline.nowMs + prng.float() * LATENCY_MAX_MS;
    return new Promise((resolve) => timeline.plan({ atMs, kind, place }, life.guard(resolve)));
  }
}
