/** When so many owners of a slot are agreed that no others can be agreed on the contrary. */
import type { NodeNumber, OwnerGroup } from "../primaries/owner-groups.js";

/** Whether most of the owners are such, and while owners are changing, most of the next ones too. */
export function isMajority(
  { owners, nextOwners }: Pick<OwnerGroup, "owners" | "nextOwners">,
  isSuch: (node: NodeNumber) => boolean,
): boolean {
  return isMost(owners, isSuch) && (owners === nextOwners || isMost(nextOwners, isSuch));
}

function isMost(nodes: readonly NodeNumber[], isSuch: (node: NodeNumber) => boolean): boolean {
  let count = 0;
  for (const node of nodes) if (isSuch(node)) count++;
  return count * 2 > nodes.length;
}
