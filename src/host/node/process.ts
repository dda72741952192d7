/** The process that a command line tool is: its environment, its signals, its last words. */

export const environment: Readonly<Record<string, string | undefined>> = process.env;

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
