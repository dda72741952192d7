/** When so many owners of a slot are agreed that no others can be agreed on the contrary. */
import type { NodeNumber, OwnerGroup } from "./owner-groups.js";

/** Whether most of the owners are such, and while owners are changing, most of the next ones too. */
export function isMajority(
  { owners, nextOwners }: Pick<OwnerGroup, "owners" | "nextOwners">,
  isSuch: (node: NodeNumber) => boolean,
): boolean {
  return isMost(owners, isSuch) && (owners === nextOwners || isMost(nextOwners, isSuch));
}

/**
 * Whether some owners are enough to know of all that a majority ever had, while no others are: as many as that, or half of them, the first one
 * included. Of the next owners too while they are changing.
 */
export function isDecisive(
  { owners, nextOwners }: Pick<OwnerGroup, "owners" | "nextOwners">,
  isSuch: (node: NodeNumber) => boolean,
): boolean {
  return [owners, nextOwners].every((nodes) => {
    const half = nodes.filter(isSuch).length * 2;
    return half > nodes.length || (half === nodes.length && isSuch(nodes[0]!));
  });
}

export function isMost(nodes: readonly NodeNumber[], isSuch: (node: NodeNumber) => boolean): boolean {
  let count = 0;
  for (const node of nodes) if (isSuch(node)) count++;
  return count * 2 > nodes.length;
}
