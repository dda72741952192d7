import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "mocha";
import { ChildServer } from "./child-server.js";
import { lack, versionOf } from "./requirements.js";
import type { ServerOptions, Target } from "./target.js";

/**
 * The real thing: a redis-server child process per target, without persistence, in a directory of its
 * own. It is the judge of every transcript and comparison.
 */

/** Another process may take the free port before redis-server binds it; then we ask for another one. */
const PORT_ATTEMPTS = 5;

export async function startRedis(options: ServerOptions = {}): Promise<Target> {
  const directory = await mkdtemp(join(tmpdir(), "torus-redis-"));
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const server = ChildServer.spawn("redis-server", redisArguments({ port, dir: directory, ...options }));
    try {
      await server.printed(/Ready to accept connections/);
      return redisTarget({ port, directory, server });
    } catch (error) {
      await server.kill();
      if (attempt === PORT_ATTEMPTS || !server.output.includes("Address already in use")) throw error;
    }
  }
}

function redisTarget(parts: { port: number; directory: string; server: ChildServer }): Target {
  return {
    name: "redis-server",
    address: { port: parts.port },
    pid: parts.server.pid,
    async close() {
      await parts.server.kill();
      await rm(parts.directory, { recursive: true, force: true });
    },
  };
}

function redisArguments(options: ServerOptions): string[] {
  const all: ServerOptions = {
    bind: "127.0.0.1",
    save: "",
    appendonly: "no",
    "enable-debug-command": "yes",
    ...options,
  };
  return Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** A port of the loopback interface that nobody had a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return address.port;
}

/** For a `before` hook: the suite is judged by this version of redis-server. */
export async function needsRedis(test: Context, version: string): Promise<void> {
  const found = /v=(\S+)/.exec((await versionOf("redis-server")) ?? "")?.[1] ?? "none";
  if (found !== version) {
    lack(test, `redis-server ${version} is the judge of this suite; found ${found} on the PATH`);
  }
}
