/**
 * Which processor a process may run on. Without it the scheduler moves the server between cores and the
 * helper threads of one side compete with the load of the other, in another way each round.
 */
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** `anywhere`: wherever the scheduler puts it, for rows about how nodes share the processors. */
export type Role = "server" | "load" | "anywhere";

/** Undefined: not pinned. Lists are in the syntax of `taskset --cpu-list`. */
export type Pinning = Readonly<Record<Exclude<Role, "anywhere">, string>> | undefined;

/** The first core for the server under load, all others for what loads it. None on a single core. */
export function pinningFor(cores: number): Pinning {
  if (cores < 2) return undefined;
  return { server: "0", load: cores === 2 ? "1" : `1-${cores - 1}` };
}

export function pinned(pinning: Pinning, role: Role, command: readonly string[]): readonly string[] {
  return pinning === undefined || role === "anywhere"
    ? command
    : ["taskset", "--cpu-list", pinning[role], ...command];
}

/** Undefined if the machine has one core, or no `taskset`, or does not let us pin. */
export function pinningHere(): Pinning {
  const pinning = pinningFor(availableParallelism());
  try {
    if (pinning !== undefined)
      execFileSync("taskset", ["--cpu-list", pinning.load, "true"], { stdio: "ignore" });
    return pinning;
  } catch {
    return undefined; // Reported with the machine's facts: the figures are valid, only less steady.
  }
}
