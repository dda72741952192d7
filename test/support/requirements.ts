import type { Context } from "mocha";
import { runProgram } from "./program.js";

/** What a suite needs of the machine, for `before` hooks and tests: without it they are skipped aloud, but in CI they fail. */

/** Skips, or fails where `CI=true` says that nothing may be skipped. */
export function lack(test: Context, what: string): void {
  if (process.env["CI"] === "true") throw new Error(what);
  console.warn(`      SKIPPED: ${what}`);
  test.skip();
}

/** A program that tells its version. */
export async function needsProgram(test: Context, name: string): Promise<void> {
  if ((await versionOf(name)) === undefined) lack(test, `${name} is not on the PATH`);
}

/** What a program answers to `--version`; undefined if there is none. */
export async function versionOf(name: string): Promise<string | undefined> {
  try {
    return (await runProgram(name, ["--version"])).output;
  } catch {
    return undefined;
  }
}
