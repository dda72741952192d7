/** Prints the table of balance and movement for docs/ring.md: `npm run measure-ring`. */
import { ringTable } from "./ring-table.js";

process.stdout.write(ringTable());
