/** One node of `torus demo`: a process of `torus server` with a data directory and a log file of its own. */
import { type Child, type Ending, spawnOwnProgram } from "../host/node/child-process.js";
import { CommandFailure } from "./connection-options.js";

/** What a node says of itself when it is ready. */
export interface NodePorts {
  readonly port: number;
  readonly clusterPort: number;
}

export interface DemoNodeOptions {
  readonly name: string;
  /** Of the whole demo; it is there. */
  readonly directory: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Cluster port of a node of this machine; undefined for the first node. */
  readonly seedPort: number | undefined;
}

/** Enough to see why it ended. */
const LAST_LINES = 15;

export class DemoNode {
  readonly name: string;
  readonly logFile: string;
  /** Rejects with a `CommandFailure` if it ends before. */
  readonly ready: Promise<NodePorts>;
  readonly ended: Promise<Ending>;
  readonly #child: Child;
  readonly #lastLines: string[] = [];

  constructor({ name, directory, port, seedPort }: DemoNodeOptions) {
    this.name = name;
    this.logFile = `${directory}/${name}.log`;
    let tellReady: (ports: NodePorts) => void;
    const isReady = new Promise<NodePorts>((resolve) => {
      tellReady = resolve;
    });
    this.#child = spawnOwnProgram({
      words: wordsFor({ name, directory, port, seedPort }),
      logFile: this.logFile,
      onLine: (line) => {
        this.#keep(line);
        const ports = portsIn(line);
        if (ports !== undefined) tellReady(ports);
      },
    });
    this.ended = this.#child.ended;
    this.ready = Promise.race([isReady, this.ended.then((ending) => Promise.reject(this.failure(ending)))]);
    // Whoever waits for it hears of it; perhaps nobody does any more.
    this.ready.catch(() => undefined);
  }

  /** Its end in words, with the last lines of its log. */
  failure(ending: Ending): CommandFailure {
    const how = "signal" in ending ? `was ended by ${ending.signal}` : `ended with status ${ending.status}`;
    const lines = this.#lastLines.map((line) => `  ${line}`);
    return new CommandFailure(
      [`${this.name} ${how}. The last lines of ${this.logFile}:`, ...lines].join("\n"),
    );
  }

  /** Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#child.stop();
    await this.ended;
  }

  #keep(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
  }
}

/** The ports in the line by which a node says that it serves; undefined in any other line. */
export function portsIn(line: string): NodePorts | undefined {
  const [, values] = /ready to accept connections(.*)/.exec(line) ?? [];
  if (values === undefined) return undefined;
  const numberOf = (name: string) => Number(new RegExp(`\\b${name}=(\\d+)`).exec(values)?.[1] ?? 0);
  return { port: numberOf("port"), clusterPort: numberOf("clusterPort") };
}

function wordsFor({ name, directory, port, seedPort }: DemoNodeOptions): readonly string[] {
  return [
    "server",
    ...["--node-name", name],
    ...["--dir", `${directory}/${name}`],
    ...["--bind", "127.0.0.1"],
    ...["--port", String(port)],
    ...["--cluster-enabled", "yes"],
    ...["--membership-preset", "local"],
    ...(seedPort === undefined ? [] : ["--join", `127.0.0.1:${seedPort}`]),
  ];
}
