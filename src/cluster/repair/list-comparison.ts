/** Decides, of records or entries that two sides do not have alike, who has to tell the other one what. */
import { groupBy } from "../../base/groups.js";
import { isSameLife } from "../../delta/merge.js";
import { compareVersions, equalVersions, type Version } from "../../delta/version.js";
import type { DigestedItem } from "./digest-list.js";
import type { ListedItem } from "./repair-messages.js";

export interface Comparison {
  /** To be told by this side. */
  readonly push: readonly DigestedItem[];
  /** To be told by the other one. */
  readonly pull: readonly ListedItem[];
  /** Those to be pulled of whose names this side has nothing. */
  readonly lacking: readonly ListedItem[];
  /** Of this side: collections of one life and type on both sides, of which one is a table. What differs in them is to be found. */
  readonly refine: readonly DigestedItem[];
}

/**
 * `mine` is what is not alike on the other side, `theirs` what is not alike here. `floorOf` gives the higher birth floor of both sides, up to
 * which lives count as one.
 */
export function compareLists(
  mine: readonly DigestedItem[],
  theirs: readonly ListedItem[],
  floorOf: (db: number) => Version,
): Comparison {
  const push: DigestedItem[] = [];
  const pull: ListedItem[] = [];
  const refine: DigestedItem[] = [];
  const theirsByName = groupBy(theirs, nameOf);
  for (const [name, ours] of groupBy(mine, nameOf)) {
    const others = theirsByName.get(name) ?? [];
    theirsByName.delete(name);
    const [our, other] = [ours[0]!, others[0]];
    if (ours.length > 1 || others.length !== 1 || other === undefined) {
      // More than one key of one hash: nobody knows which is which.
      push.push(...ours);
      pull.push(...others);
    } else if (!isSameLife(our.version, other.version, floorOf(our.db))) {
      // The higher life wins whole.
      if (compareVersions(our.version, other.version) > 0) push.push(our);
      else pull.push(other);
    } else if (mayRefine(our, other)) {
      refine.push(our);
    } else {
      push.push(our);
      pull.push(other);
    }
  }
  const lacking = [...theirsByName.values()].flat();
  pull.push(...lacking);
  return { push, pull, lacking, refine };
}

/** Fields of two types are not to be compared: of one on both sides only the later would be told, and the higher rank needs all its own. */
function mayRefine(our: DigestedItem, other: ListedItem): boolean {
  return (
    equalVersions(our.version, other.version) && our.type === other.type && (our.isTable || other.isTable)
  );
}

/** Database and hash are as good as a name. */
function nameOf({ db, hash }: ListedItem): number {
  return db * 2 ** 32 + (hash >>> 0);
}
