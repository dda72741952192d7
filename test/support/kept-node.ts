import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChildServer, Exit } from "./child-server.js";
import { type Run, runProgram } from "./program.js";
import type { ServerOptions } from "./target.js";
import { spawnTorus, TORUS_PROGRAM } from "./torus-node.js";
import { WireClient } from "./wire-client.js";

/** Nodes that keep what they are told in a data directory: started, killed and started again by the tests of durability. */

const READY = /ready to accept connections.*\bport=(\d+)/;

/** A process of `torus server` that has loaded what its directory holds. */
export interface KeptNode {
  readonly server: ChildServer;
  readonly port: number;
  connect(): Promise<WireClient>;
  /** Ends the process with SIGKILL and resolves when it is gone. */
  kill(): Promise<Exit>;
}

/** A process on that directory, with a log that is synced before replies; whether it starts is another question. */
export function spawnOn(directory: string, options: ServerOptions = {}): ChildServer {
  return spawnTorus({ port: 0, dir: directory, appendonly: "yes", appendfsync: "always", ...options });
}

/** Rejects, with all that the process said, if it does not become ready. */
export async function startOn(directory: string, options: ServerOptions = {}): Promise<KeptNode> {
  return ready(spawnOn(directory, options));
}

export async function ready(server: ChildServer): Promise<KeptNode> {
  try {
    const port = Number((await server.printed(READY))[1]);
    return { server, port, connect: () => WireClient.connect({ port }), kill: () => server.kill() };
  } catch (error) {
    await server.kill();
    throw error;
  }
}

/** Another subcommand of `torus`, run to its end. */
export function torus(...args: readonly string[]): Promise<Run> {
  return runProgram(process.execPath, [TORUS_PROGRAM, ...args]);
}

/** A directory for the time of one suite or test; whoever makes it removes it. */
export class ScratchDirectory {
  private constructor(readonly path: string) {}

  static async make(): Promise<ScratchDirectory> {
    return new ScratchDirectory(await mkdtemp(join(tmpdir(), "torus-kept-")));
  }

  /** The path of something in it, which need not be there. */
  file(name: string): string {
    return join(this.path, name);
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}
