import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** How long a server may take to say that it is ready, in milliseconds. */
const START_MS = 15_000;

/** How a process ended, with all that it printed: what the tests of bad options look at. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** A server as a child process: what it printed, when it is ready, how it ended. Killed by its own pid. */
export class ChildServer {
  private text = "";
  private readonly exit: Promise<Exit>;

  private constructor(private readonly child: ChildProcess) {
    const collect = (chunk: Buffer): void => {
      this.text += chunk.toString();
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    this.exit = once(child, "close").then(([code, signal]) => ({ code, signal, output: this.text }));
    this.exit.catch(() => undefined);
  }

  static spawn(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildServer {
    return new ChildServer(
      spawn(command, [...args], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...environment },
      }),
    );
  }

  get pid(): number {
    return this.child.pid!;
  }

  get output(): string {
    return this.text;
  }

  /** Resolves with the match once the server printed it; rejects if it ends or stays silent instead. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const match = pattern.exec(this.text);
    if (match !== null) return match;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.child.stdout?.off("data", look);
        this.child.stderr?.off("data", look);
        act();
      };
      const fail = (why: string): void => settle(() => reject(new Error(`${why}\n${this.text}`)));
      const look = (): void => {
        const found = pattern.exec(this.text);
        if (found !== null) settle(() => resolve(found));
      };
      const timer = setTimeout(() => fail(`the server did not print ${pattern}`), START_MS);
      this.child.stdout?.on("data", look);
      this.child.stderr?.on("data", look);
      void this.exit.then(
        () => fail("the server ended before it was ready"),
        (error: Error) => fail(error.message),
      );
    });
  }

  /** Resolves when the process has ended by itself. */
  ended(): Promise<Exit> {
    return this.exit;
  }

  /** Ends the process and resolves when it is gone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<Exit> {
    this.child.kill(signal);
    return this.exit;
  }
}
