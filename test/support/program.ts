import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs another program to its end, with this as its whole standard input; killed if it takes longer than that. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: {
    readonly input?: string | Uint8Array;
    readonly limitMs?: number;
    readonly terminal?: string;
  } = {},
): Promise<Run> {
  const child = spawn(command, [...args], {
    timeout: options.limitMs ?? 15_000,
    killSignal: "SIGKILL",
    env: { ...process.env, TERM: options.terminal ?? "dumb" },
  });
  const texts = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString();
  });
  // A program may end without reading all of its input.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output: texts[0]!(), errors: texts[1]!() };
}
