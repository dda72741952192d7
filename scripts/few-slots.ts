/**
 * Loaded first (`node --import`), lets clusters have as many slots as the environment says in `SIMULATED_SLOTS`, a power of two, rather than
 * 16384. What a simulated cluster does with slots it does with each of them, at each node and whenever members change: with fewer of them a seed
 * runs in a third of the time. Nodes, keys, operations and faults are as many, more keys meet in a slot, and no owner of three goes without some.
 */
import { register } from "node:module";

const slots = Number(process.env["SIMULATED_SLOTS"]);
if (!Number.isSafeInteger(Math.log2(slots)) || slots < 256 || slots > 16_384)
  throw new RangeError("SIMULATED_SLOTS is a power of two from 256 to 16384");
register("./few-slots-hook.js", import.meta.url, { data: slots });
