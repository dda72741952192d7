/**
 * What a simulated machine keeps on its disk, through crashes: names, and the files that they are of. A name that was given,
 * changed or taken away lasts once its directory is synced; until then a power failure may undo that.
 */
import type { Prng } from "../../base/prng.js";
import { HostError } from "../host-error.js";
import { Inode } from "./inode.js";

const EVEN_ODDS = 0.5;
/** Directories that are there before anybody makes one. */
const ROOTS = ["/", "."];

/** What happens to names at once or not at all: a rename takes one away and gives another. */
interface NameChange {
  /** As `changes` counts. */
  readonly number: number;
  /** The file that each path is of from now on; undefined if none. */
  readonly inodeByPath: ReadonlyMap<string, Inode | undefined>;
}

export class Volume {
  #changes = 0;
  #inodeByPath = new Map<string, Inode>();
  readonly #durable = new Map<string, Inode>();
  /** What `#durable` has not seen yet, in order. */
  #unsynced: readonly NameChange[] = [];
  readonly #directories = new Set(ROOTS);
  /** Bytes that all files together may have. */
  capacityBytes = Number.POSITIVE_INFINITY;

  constructor(private readonly prng: Prng) {}

  get usedBytes(): number {
    let bytes = 0;
    for (const { size } of this.#inodeByPath.values()) bytes += size;
    return bytes;
  }

  get freeBytes(): number {
    return Math.max(0, this.capacityBytes - this.usedBytes);
  }

  /** How often a name was given, changed or taken: a sync owes nothing to what comes after it was asked for. */
  get changes(): number {
    return this.#changes;
  }

  /** Directories last at once. */
  createDirectory(path: string): void {
    for (let each = path; !this.#directories.has(each); each = parentOf(each)) this.#directories.add(each);
  }

  /** Throws ENOENT. */
  list(directory: string): readonly string[] {
    this.expectDirectory(directory);
    return [...this.#inodeByPath.keys(), ...this.#directories]
      .filter((path) => path !== directory && parentOf(path) === directory)
      .map(nameOf)
      .sort();
  }

  /** The file of that name. Throws ENOENT. */
  find(path: string): Inode {
    const inode = this.#inodeByPath.get(path);
    if (inode === undefined) throw missing(path);
    return inode;
  }

  has(path: string): boolean {
    return this.#inodeByPath.has(path);
  }

  /** Throws ENOENT. */
  expectDirectory(path: string): void {
    if (!this.#directories.has(path)) throw missing(path);
  }

  /** Throws ENOENT, EEXIST. */
  create(path: string): Inode {
    this.expectDirectory(parentOf(path));
    if (this.has(path)) throw new HostError("EEXIST", `there is a file ${path}`);
    const inode = new Inode();
    this.#change([[path, inode]]);
    return inode;
  }

  /** Throws ENOENT. */
  rename(from: string, to: string): void {
    this.expectDirectory(parentOf(to));
    const inode = this.find(from);
    if (from === to) return;
    this.#change([
      [from, undefined],
      [to, inode],
    ]);
  }

  /** Throws ENOENT. */
  remove(path: string): void {
    this.find(path);
    this.#change([[path, undefined]]);
  }

  /** What was changed in a directory up to then outlasts a power failure, with all that it rests on. Throws ENOENT. */
  syncDirectory(directory: string, upTo: number): void {
    this.expectDirectory(directory);
    const synced = new Set<NameChange>();
    const restedOn = new Set<string>();
    for (const change of this.#unsynced.toReversed()) {
      const paths = [...change.inodeByPath.keys()];
      const isAsked = change.number <= upTo && paths.some((path) => parentOf(path) === directory);
      if (!isAsked && !paths.some((path) => restedOn.has(path))) continue;
      synced.add(change);
      for (const path of paths) restedOn.add(path);
    }
    for (const change of this.#unsynced) if (synced.has(change)) apply(change, this.#durable);
    this.#unsynced = this.#unsynced.filter((change) => !synced.has(change));
  }

  /** Each change of names that was not synced is there or not, and likewise each sector of each file. */
  losePower(flips: boolean): void {
    const undone = new Set<string>();
    for (const change of this.#unsynced) {
      const paths = [...change.inodeByPath.keys()];
      const isKept = this.prng.float() < EVEN_ODDS && !paths.some((path) => undone.has(path));
      if (isKept) apply(change, this.#durable);
      else for (const path of paths) undone.add(path);
    }
    this.#unsynced = [];
    this.#inodeByPath = new Map([...this.#durable].sort(([one], [other]) => (one < other ? -1 : 1)));
    for (const inode of new Set(this.#inodeByPath.values())) inode.losePower(this.prng, flips);
  }

  /** Nothing is left of what was on it. */
  wipe(): void {
    this.#inodeByPath.clear();
    this.#durable.clear();
    this.#unsynced = [];
    this.#directories.clear();
    for (const directory of ROOTS) this.#directories.add(directory);
  }

  #change(entries: readonly (readonly [path: string, inode: Inode | undefined])[]): void {
    const change = { number: ++this.#changes, inodeByPath: new Map(entries) };
    apply(change, this.#inodeByPath);
    this.#unsynced = [...this.#unsynced, change];
  }
}

function apply({ inodeByPath }: NameChange, to: Map<string, Inode>): void {
  for (const [path, inode] of inodeByPath) {
    if (inode === undefined) to.delete(path);
    else to.set(path, inode);
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  if (slash < 0) return ".";
  return slash === 0 ? "/" : path.slice(0, slash);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function missing(path: string): HostError {
  return new HostError("ENOENT", `no such file or directory: ${path}`);
}
