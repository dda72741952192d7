/** Sets of slots as text: ranges in rising order, `0-5,7`. */
import { SLOT_COUNT } from "../base/key-hash.js";

export function formatSlots(slots: Iterable<number>): string {
  const ranges: string[] = [];
  let first = -1;
  let last = -1;
  const end = () => {
    if (first >= 0) ranges.push(first === last ? `${first}` : `${first}-${last}`);
  };
  for (const slot of [...slots].sort((a, b) => a - b)) {
    if (slot === last) continue;
    if (slot !== last + 1 || first < 0) {
      end();
      first = slot;
    }
    last = slot;
  }
  end();
  return ranges.join(",");
}

/** Undefined if the text is no such set. */
export function parseSlots(text: string): number[] | undefined {
  const slots: number[] = [];
  if (text === "") return slots;
  for (const range of text.split(",")) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range);
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last >= SLOT_COUNT || last < first || first <= (slots.at(-1) ?? -1)) return undefined;
    for (let slot = first; slot <= last; slot++) slots.push(slot);
  }
  return slots;
}
