/** A load client is a process of its own, so that its garbage and its loop never show in the figures of another. */
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Children } from "./children.js";

export type LoadClientName =
  | "fill"
  | "probe"
  | "crowd"
  | "churn"
  | "drive"
  | "watch"
  | "pour"
  | "gather"
  | "queue";

/** Talks with `clients/NAME.ts`: one request, one answer, in turn. */
export class LoadClient<Request extends object, Answer> {
  private constructor(
    private readonly children: Children,
    private readonly name: LoadClientName,
    private readonly child: ChildProcess,
  ) {}

  static start<Request extends object, Answer>(
    children: Children,
    name: LoadClientName,
  ): LoadClient<Request, Answer> {
    const script = fileURLToPath(new URL(`./clients/${name}.js`, import.meta.url));
    const child = children.spawn([process.execPath, script], {
      role: "load",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    return new LoadClient(children, name, child);
  }

  get pid(): number {
    return this.child.pid!;
  }

  ask(request: Request, timeoutMs: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { child } = this;
      const settle = (finish: () => void): void => {
        clearTimeout(overdue);
        child.off("message", onMessage).off("exit", onExit);
        finish();
      };
      const fail = (reason: string): void =>
        settle(() => reject(new Error(`load client ${this.name}: ${reason}`)));
      const onMessage = (answer: unknown): void => settle(() => resolve(answer as Answer));
      const onExit = (code: number | null): void => fail(`ended early (${code ?? "killed"})`);
      const overdue = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
      child.on("message", onMessage).on("exit", onExit);
      child.send(request);
    });
  }

  stop(): Promise<void> {
    return this.children.stop(this.child, 1_000);
  }
}
