/** Moves blocks of lists and of streams, which stand in rows. */
import { type Location, NOWHERE } from "./arena.js";
import { ACCESS } from "./record.js";
import type { Records } from "./records.js";

/** Where the blocks of one collection are. */
interface Row {
  /** -1 if it has no block there. */
  indexOf(cell: Location): number;
  setCell(index: number, cell: Location): void;
}

/** Moves a block, whose cell names its row, to another slab. False if there is no room elsewhere, or it goes soon. */
export function relocateBlock(records: Records, rows: readonly (Row | undefined)[], at: Location): boolean {
  const row = rows[records.word(at, ACCESS)];
  const i = row === undefined ? -1 : row.indexOf(at);
  if (i < 0) return false;
  const to = records.arena.copyElsewhere(at);
  if (to === NOWHERE) return false;
  row!.setCell(i, to);
  // The outside body, if there is one, moved along.
  records.arena.free(at);
  return true;
}
