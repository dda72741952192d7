/**
 * The layers of `src/` and who may import whom: a file imports its own folder and strictly lower layers. The real world
 * (`host/node`) and the simulated one (`host/sim`) are chosen at the top alone, by the library's entry and the command line.
 */
import { builtinModules } from "node:module";

/** From the bottom up. A layer is a folder of `src/`, or one file where that is all it takes. */
export const layers: readonly string[] = [
  "base",
  "host",
  "config",
  "protocol",
  "rdb",
  "pubsub",
  "tracking",
  "delta",
  "keyspace",
  "durability",
  "ring",
  "membership",
  "cluster",
  "commands",
  "server",
  "admin",
  "node.ts",
  "index.ts",
  "cli",
];

const worlds = ["src/host/node/", "src/host/sim/"];
const placesThatChooseAWorld = ["src/index.ts", "src/cli/"];

/** Packages that only some places may know; all others are free to be used where they serve. */
const homesByPackage: ReadonlyMap<string, readonly string[]> = new Map([
  ["commander", ["src/config/flags.ts", "src/cli/"]],
  ["pino", ["src/host/node/"]],
]);

export interface ImportInPlace {
  /** The importing file: `src/config/load.ts`. */
  readonly from: string;
  readonly specifier: string;
  /** The packages that package.json lists as dependencies. */
  readonly dependencies: ReadonlySet<string>;
}

/** Why a file of `src/` may not import what it imports; undefined if it may. */
export function importProblem({ from, specifier, dependencies }: ImportInPlace): string | undefined {
  if (isBuiltin(specifier)) {
    return from.startsWith("src/host/node/") ? undefined : `'${specifier}' belongs in src/host/node/ only`;
  }
  const to = targetOf(from, specifier);
  if (to === undefined) return packageProblem({ from, specifier, dependencies });
  const [own, other] = [layerOf(from), layerOf(to)];
  if (own < 0) return `${from} is in no layer`;
  if (other < 0) return `'${specifier}' is in no layer`;
  if (other > own) return `'${specifier}' is above ${layers[own]}: imports go strictly down`;
  const world = worlds.find((folder) => to.startsWith(folder));
  if (world && !from.startsWith(world) && !startsWithAny(from, placesThatChooseAWorld)) {
    return `'${specifier}': only src/index.ts and src/cli/ choose a world`;
  }
  return undefined;
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith("node:") || builtinModules.includes(specifier.replace(/\/.*/, ""));
}

function packageProblem({ from, specifier, dependencies }: ImportInPlace): string | undefined {
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  if (!dependencies.has(name)) return `'${specifier}' is not among the dependencies of package.json`;
  const homes = homesByPackage.get(name);
  return homes && !startsWithAny(from, homes) ? `'${name}' is for ${homes.join(" and ")} only` : undefined;
}

/** The file of `src/` that a specifier names; undefined for a package. */
function targetOf(from: string, specifier: string): string | undefined {
  if (specifier.startsWith("#torus/"))
    return `src/${specifier.slice("#torus/".length)}`.replace(/\.js$/, ".ts");
  if (!specifier.startsWith(".")) return undefined;
  return new URL(specifier, `file:///${from}`).pathname.slice(1).replace(/\.js$/, ".ts");
}

function layerOf(path: string): number {
  const [top, first = ""] = path.split("/");
  return top === "src" ? layers.indexOf(first) : -1;
}

function startsWithAny(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => path.startsWith(prefix));
}
