import { fileURLToPath } from "node:url";
import { startNode } from "#torus/index.js";
import { ChildServer } from "./child-server.js";
import type { ServerOptions, Target } from "./target.js";

/** Our own server: inside the process of the tests, or as the command that operators run. */

/** The program of `torus`, as `package.json` names it. */
export const TORUS_PROGRAM = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

/** A node in this process, through the public library. */
export async function startTorus(options: ServerOptions = {}): Promise<Target> {
  const node = await startNode({ port: 0, ...options });
  return { name: "torus", address: { port: node.port }, pid: process.pid, close: () => node.close() };
}

/** `torus server` as a child process, for what must not share the memory or the event loop of the test. */
export async function startTorusProcess(options: ServerOptions = {}): Promise<Target> {
  const server = spawnTorus({ port: 0, ...options });
  try {
    const [, port] = await server.printed(/ready to accept connections.*\bport=(\d+)/);
    return {
      name: "torus",
      address: { port: Number(port) },
      pid: server.pid,
      async close() {
        await server.kill("SIGTERM");
      },
    };
  } catch (error) {
    await server.kill();
    throw error;
  }
}

/** A test that does not ask for files gets none. */
const PURE_CACHE: ServerOptions = { appendonly: "no", save: "" };

/** `torus server` with these flags, whether it starts or not. It keeps nothing on disk unless told to. */
export function spawnTorus(options: ServerOptions, more: readonly string[] = []): ChildServer {
  const flags = Object.entries({ ...PURE_CACHE, ...options }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  return ChildServer.spawn(process.execPath, [TORUS_PROGRAM, "server", ...more, ...flags]);
}
