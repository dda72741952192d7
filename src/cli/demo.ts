/** `torus demo`: a cluster on this machine, to look at and to play with, that goes as it came. */
import { type Command, InvalidArgumentError } from "commander";
import type { Redis } from "ioredis";
import { nodeDisk } from "../host/node/disk.js";
import { nameOfProgram, onceAskedToStop } from "../host/node/process.js";
import { makeTemporaryDirectory, removeDirectory } from "../host/node/temporary-directory.js";
import { nodeTimers } from "../host/node/timers.js";
import { askMembers, askStatus, type MemberReport, type StatusReport } from "./cluster-reports.js";
import { CommandFailure, connectTo } from "./connection-options.js";
import { DemoNode } from "./demo-node.js";
import { addressText, byName } from "./members.js";
import type { Paint } from "./paint.js";
import { tableLines } from "./table.js";
import { paintOfTerminal, say } from "./terminal.js";

const HOST = "127.0.0.1";
/** One machine hardly serves more. */
const NODES_MAX = 20;
const PORT_MAX = 65_535;
const LOOK_PERIOD_MS = 200;
/** As many take longer than people wait without a word. */
const LOOKS_UNTIL_SLOW = 50;
const DEATH_NEWS_MS = 1000;

interface DemoFlags {
  readonly nodes: number;
  readonly dir?: string;
  readonly port?: number;
}

export function declareDemo(program: Command): void {
  program
    .command("demo")
    .description("run a cluster on this machine until Ctrl-C, to try it out")
    .option("--nodes <number>", "how many nodes", (text) => numberIn(text, { from: 1, to: NODES_MAX }), 3)
    .option("--dir <directory>", "keep the data there; without it they are removed at the end")
    .option(
      "--port <port>",
      "client port of the first node, the next ones follow; without it any free ones",
      (text) => numberIn(text, { from: 1, to: PORT_MAX }),
    )
    .action(demo);
}

function numberIn(text: string, { from, to }: { readonly from: number; readonly to: number }): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= from && value <= to))
    throw new InvalidArgumentError(`It is a number from ${from} to ${to}.`);
  return value;
}

async function demo({ nodes: count, dir, port }: DemoFlags): Promise<void> {
  if (port !== undefined && port + count - 1 > PORT_MAX) {
    throw new CommandFailure(`there are no ${count} ports from ${port} on`);
  }
  const stopped = new Promise<"stopped">((resolve) => onceAskedToStop(() => resolve("stopped")));
  if (dir !== undefined) await nodeDisk.createDirectory(dir);
  const directory = dir ?? (await makeTemporaryDirectory("torus-demo-"));
  const cluster = new DemoCluster(directory);
  try {
    say(`starting ${count === 1 ? "a node" : `${count} nodes`}; data and logs are in ${directory}`);
    await Promise.race([stopped, run(cluster, count, port), cluster.died]);
  } catch (error) {
    say("stopping ...");
    await cluster.stop();
    say(`data and logs stay in ${directory}`);
    throw error;
  }
  say("stopping ...");
  await cluster.stop();
  if (dir === undefined) await removeDirectory(directory);
}

/** Resolves when all nodes have ended because somebody told them to. */
async function run(cluster: DemoCluster, count: number, port: number | undefined): Promise<void> {
  try {
    await cluster.start(count, port);
    const members = await cluster.whenShared();
    for (const line of usageLines(members, nameOfProgram(), paintOfTerminal())) say(line);
  } catch (error) {
    // What is asked of a node that dies fails, and perhaps before its end is known, which says more.
    await Promise.race([pause(DEATH_NEWS_MS), cluster.whenAllEnded()]);
    throw error;
  }
  await cluster.whenAllEnded();
}

/** The nodes of a demo: started one behind the other, and stopped together. */
class DemoCluster {
  /** Rejects with a `CommandFailure` once a node ends that nobody asked to. */
  readonly died: Promise<never>;
  readonly #directory: string;
  readonly #nodes: DemoNode[] = [];
  #tellDeath: (failure: CommandFailure) => void = () => {};
  #isStopping = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.died = new Promise((_, reject) => {
      this.#tellDeath = reject;
    });
    this.died.catch(() => undefined);
  }

  /** Resolves when all nodes serve, each by itself or not. */
  async start(count: number, firstPort: number | undefined): Promise<void> {
    const seed = await this.#add(0, firstPort).ready;
    const others = Array.from({ length: count - 1 }, (_, i) => this.#add(i + 1, firstPort, seed.clusterPort));
    await Promise.all(others.map(({ ready }) => ready));
  }

  /** Resolves with all members, once they share the slots. */
  async whenShared(): Promise<readonly MemberReport[]> {
    const connections = await Promise.all(
      this.#nodes.map(async ({ ready }) => connectTo({ host: HOST, port: (await ready).port })),
    );
    try {
      for (let said = "", looks = 0; ; await pause(LOOK_PERIOD_MS)) {
        const reports = await Promise.all(connections.map(askStatus));
        if (reports.every((report) => isSettled(report, connections.length))) break;
        const progress = progressOf(reports);
        const isSlow = ++looks % LOOKS_UNTIL_SLOW === 0;
        if (progress !== said || isSlow) say(isSlow ? `${progress}; ${lackOf(reports)}` : progress);
        said = progress;
      }
      return byName(await askMembers(connections[0] as Redis));
    } finally {
      for (const connection of connections) connection.disconnect();
    }
  }

  async whenAllEnded(): Promise<void> {
    await Promise.all(this.#nodes.map(({ ended }) => ended));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#nodes.map((node) => node.stop()));
  }

  #add(index: number, firstPort: number | undefined, seedPort?: number): DemoNode {
    // Whoever stops the demo while it starts does not see to nodes that come later.
    if (this.#isStopping) throw new CommandFailure("stopped while starting");
    const name = `n${index + 1}`;
    const port = firstPort === undefined ? 0 : firstPort + index;
    const node = new DemoNode({ name, directory: this.#directory, port, seedPort });
    this.#nodes.push(node);
    void node.ended.then((ending) => {
      if (this.#isStopping) return;
      if ("status" in ending && ending.status === 0) say(`${name} has ended, as it was asked to`);
      else this.#tellDeath(node.failure(ending));
    });
    return node;
  }
}

/** Whether a node sees all members, takes part in the slots, and nothing is changing. */
function isSettled({ membersAlive, missing, covered, change, slots }: StatusReport, count: number): boolean {
  return membersAlive === count && missing.length === 0 && covered && change === null && slots > 0;
}

/** What the nodes are at, in a sentence that stays the same while they are at it. */
function progressOf(reports: readonly StatusReport[]): string {
  const change = reports.find((report) => report.change !== null)?.change;
  if (change) return `${change.name || change.node} takes over its share of the slots`;
  const known = reports.every(({ membersAlive }) => membersAlive === reports.length);
  return known ? "the nodes know each other" : "the nodes get to know each other";
}

/** What one of them waits for, in its words. */
function lackOf(reports: readonly StatusReport[]): string {
  const waiting = reports.find(({ missing }) => missing.length > 0);
  return waiting === undefined
    ? "no node says what it waits for"
    : `${waiting.name} says: ${waiting.missing[0]}`;
}

/** What a person sees when the cluster stands: where it is, and what to try. */
export function usageLines(
  members: readonly MemberReport[],
  program: string,
  paint: Paint,
): readonly string[] {
  const first = members[0]!;
  const last = members.at(-1)!;
  const commands = [
    `redis-cli -p ${first.port} set city Roma`,
    `redis-cli -p ${last.port} get city`,
    `${program} status --node ${addressText(last.host, last.port)}`,
    `${program} members --node ${addressText(last.host, last.port)}`,
    `${program} ring --node ${addressText(last.host, last.port)}`,
    ...(last.httpPort === 0 ? [] : [`curl http://${addressText(last.host, last.httpPort)}/readyz`]),
  ];
  const endpoint = (port: (member: MemberReport) => number) => (member: MemberReport) =>
    port(member) === 0 ? "-" : addressText(member.host, port(member));
  return [
    "",
    ...tableLines(
      [
        { title: "node", cell: ({ name }) => name },
        { title: "clients", cell: endpoint(({ port }) => port) },
        { title: "cluster", cell: endpoint(({ clusterPort }) => clusterPort) },
        { title: "http", cell: endpoint(({ httpPort }) => httpPort) },
        { title: "slots", cell: ({ slots }) => String(slots), isNumber: true },
      ],
      members,
      paint,
    ),
    "",
    "All keys are served, by any of them:",
    ...commands.map((command) => `  ${paint("strong", command)}`),
    "",
    "Ctrl-C ends all.",
  ];
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => void nodeTimers.after(delayMs, resolve));
}
