/** The process that a command line tool is: its environment, its signals, its last words. */
import { basename, relative } from "node:path";

export const environment: Readonly<Record<string, string | undefined>> = process.env;

/** The words behind the name of the program. */
export const commandLine: readonly string[] = process.argv.slice(2);

/** What a person types to run this program again, as far as can be told from how it was run. */
export function nameOfProgram(): string {
  const path = process.argv[1] ?? "";
  if (path.endsWith(".js")) return `node ${relative("", path)}`;
  return process.env.npm_command === "exec" ? `npx ${basename(path)}` : basename(path);
}

/** Calls `stop` on the first SIGINT or SIGTERM; a second one ends the process the hard way. */
export function onceAskedToStop(stop: () => void): void {
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
}

/** Says on standard error why the process will end with a status other than 0 once nothing keeps it alive. */
export function failWith(message: string, status = 1): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = status;
}

/** What the process tells its caller when nothing keeps it alive any more. */
export function endWithStatus(status: number): void {
  process.exitCode = status;
}

/** Whether a person looks at standard output, and wants colours (https://no-color.org). */
export function showsColours(): boolean {
  return process.stdout.isTTY === true && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb";
}

/** What a tool was asked for, on standard output. */
export function writeOut(text: string): void {
  process.stdout.write(text);
}
