/** `npm run docs` writes the generated pages; with `--check` it writes nothing and exits 1 if one is stale. */
import { fileURLToPath } from "node:url";
import { stalePages, writePages } from "./generated-pages.js";

/** From dist-dev/scripts/, where the compiled form of this file lies. */
const root = fileURLToPath(new URL("../../", import.meta.url));

const stale = stalePages(root);
if (process.argv.includes("--check")) {
  for (const path of stale) console.error(`${path} is stale: run npm run docs`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  writePages(root);
  for (const path of stale) console.log(`wrote ${path}`);
}
