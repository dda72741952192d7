import type { Group } from "../group.js";
import { bitfields } from "./bitfields.js";
import { bits } from "./bits.js";
import { connection } from "./connection.js";
import { counters } from "./counters.js";
import { dumps } from "./dumps.js";
import { expiry } from "./expiry.js";
import { geo } from "./geo.js";
import { hashes } from "./hashes.js";
import { hyperloglogs } from "./hyperloglogs.js";
import { keys } from "./keys.js";
import { lists } from "./lists.js";
import { sets } from "./sets.js";
import { sortedSets } from "./sorted-sets.js";
import { sorts } from "./sorts.js";
import { streams } from "./streams.js";
import { strings } from "./strings.js";
import { subsequences } from "./subsequences.js";
import { transactions } from "./transactions.js";
import { users } from "./users.js";
import { waits } from "./waits.js";

export const groups: readonly Group[] = [
  strings,
  subsequences,
  counters,
  bitfields,
  bits,
  geo,
  hashes,
  lists,
  hyperloglogs,
  sets,
  sortedSets,
  streams,
  sorts,
  keys,
  dumps,
  expiry,
  transactions,
  connection,
  users,
  waits,
];
