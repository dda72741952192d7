import type { Group, Phrase } from "../group.js";
import { bits } from "./bits.js";
import { counters } from "./counters.js";
import { expiry } from "./expiry.js";
import { hashes } from "./hashes.js";
import { keys } from "./keys.js";
import { strings } from "./strings.js";

/** Every other group's commands inside transactions, with several connections in each other's way. */
export const transactions: Group = {
  name: "transactions",
  phrases: [
    [20, () => ["MULTI"]],
    [20, () => ["EXEC"]],
    [4, () => ["DISCARD"]],
    [20, (w) => ["WATCH", ...w.several(3, () => [w.anyKey()])]],
    [4, () => ["UNWATCH"]],
    [2, () => ["RESET"]],
    [1, () => ["MULTI", "extra"]],
    [1, () => ["EXEC", "extra"]],
    [2, (w) => [w.random.pick(["BOGUS", "GET", "SET", "CLIENT"])]],
    ...[strings, counters, bits, hashes, keys, expiry].flatMap(({ phrases }) => inProportion(phrases)),
  ],
};

/** Whatever a group's own weights add up to, it takes the same share. */
function inProportion(phrases: readonly Phrase[]): Phrase[] {
  const sum = phrases.reduce((total, [weight]) => total + weight, 0);
  return phrases.map(([weight, make]) => [(weight * 25) / sum, make]);
}
