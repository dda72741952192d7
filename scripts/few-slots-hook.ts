/** Changes the number of slots in the file that says it, as that is loaded (few-slots.ts). */
import type { LoadHook } from "node:module";

const FILE = "/dist/base/key-hash.js";
const NUMBER = "SLOT_COUNT = 16384;";

let slots = 0;

export function initialize(data: number): void {
  slots = data;
}

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  if (!url.endsWith(FILE)) return loaded;
  const source = String(loaded.source);
  if (!source.includes(NUMBER)) throw new Error(`${FILE} does not say how many slots there are`);
  return { ...loaded, source: source.replace(NUMBER, `SLOT_COUNT = ${slots};`) };
};
