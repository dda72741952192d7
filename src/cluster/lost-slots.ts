/** What would be lost for good with nodes that are given up. Pure. */
import { isReplicated, type Placement } from "./placement.js";
import { SlotPlan } from "./slot-plan.js";
import { ALL_SLOTS, SlotSet } from "./slot-set.js";

/**
 * The slots of which nobody has anything if these nodes are gone, beside those that are given up already: none of their owners is left. While
 * slots are being switched their next owners have them, too; where there is one copy they may have it or not, so both count.
 */
export function slotsLostWith(placement: Placement, ids: Iterable<string>): SlotSet {
  const gone = new Set([...placement.gone, ...ids]);
  const plan = new SlotPlan(placement);
  const isSwitching = placement.change?.phase === "switch";
  const isGone = (id: string) => gone.has(id);
  const isLost = (slot: number) => {
    if (!isSwitching) return plan.ownersOf(slot).every(isGone);
    const all = plan.allOwnersOf(slot);
    return isReplicated(placement) ? all.every(isGone) : all.some(isGone);
  };
  return new SlotSet(ALL_SLOTS.filter(isLost));
}
