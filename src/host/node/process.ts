/** The process that a command line tool is: its environment, its signals, its last words. */

export const environment: Readonly<Record<string, string | undefined>> = process.env;

/** The words behind the name of the program. */
export const commandLine: readonly string[] = process.argv.slice(2);

/** Calls `stop` on the first SIGINT or SIGTERM; a second one ends the process the hard way. */
export function onceAskedToStop(stop: () => void): void {
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
}

/** Says on standard error why the process will end with status 1 once nothing keeps it alive. */
export function failWith(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

/** What a tool was asked for, on standard output. */
export function writeOut(text: string): void {
  process.stdout.write(text);
}
