/**
 * What a node must not forget of owners that are away: for how long it has missed each of them, and in which slots remains were collected
 * without it. A small file in the data directory, replaced as a whole; in memory alone for a node that keeps nothing.
 *
 *     {"format": 1, "absences": {"3f..": {"awayMs": 61000, "leftOut": "0-5,7"}}}
 */
import type { Files } from "../../host/files.js";
import type { NodeId } from "../../membership/member.js";
import { readKeptFile } from "../kept-file.js";
import { SlotSet } from "../slot-set.js";

export const ABSENCES_FILE = "absences.json";
/** Raised when an older release could no longer make sense of the file. */
const FORMAT = 1;

export interface Absence {
  /** Since the two were last in sync, as far as this node ran meanwhile. */
  readonly awayMs: number;
  /** Slots that may have taken birth floors without it; null if it was left out of nothing. Another set whenever there are more. */
  readonly leftOut: SlotSet | null;
}

export class AbsenceStore {
  readonly #files: Files;
  readonly #path: string | undefined;
  /** The file is written by one at a time. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(files: Files, path: string | undefined) {
    this.#files = files;
    this.#path = path;
  }

  /** Rejects with `UnusableDirectory` if there is a file that makes no sense: who was left out would bring back what was deleted. */
  static async open(
    files: Files,
    directory: string | undefined,
  ): Promise<{ readonly store: AbsenceStore; readonly kept: ReadonlyMap<NodeId, Absence> }> {
    const path = directory && `${directory}/${ABSENCES_FILE}`;
    const kept = await readKeptFile(files, path, parse);
    return { store: new AbsenceStore(files, path), kept: kept ?? new Map() };
  }

  /** Resolves when it lasts. Rejects if the disk does. */
  write(absences: ReadonlyMap<NodeId, Absence>): Promise<void> {
    const path = this.#path;
    if (path === undefined) return Promise.resolve();
    const kept = [...absences].map(([id, { awayMs, leftOut }]) => {
      return [id, { awayMs: Math.floor(awayMs), leftOut: leftOut?.toString() ?? null }];
    });
    const text = `${JSON.stringify({ format: FORMAT, absences: Object.fromEntries(kept) })}\n`;
    const written = this.#writing.then(() => this.#files.replaceText(path, text));
    this.#writing = written.catch(() => {});
    return written;
  }
}

/** Undefined if it makes no sense. */
function parse(text: string): Map<NodeId, Absence> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { format, absences } = (value ?? {}) as Record<string, unknown>;
  if (format !== FORMAT || typeof absences !== "object" || absences === null) return undefined;
  const kept = new Map<NodeId, Absence>();
  for (const [id, absence] of Object.entries(absences)) {
    const { awayMs, leftOut } = (absence ?? {}) as Record<string, unknown>;
    const slots = leftOut === null ? null : typeof leftOut === "string" ? SlotSet.parse(leftOut) : undefined;
    if (!Number.isSafeInteger(awayMs) || (awayMs as number) < 0 || slots === undefined) return undefined;
    kept.set(id, { awayMs: awayMs as number, leftOut: slots });
  }
  return kept;
}
