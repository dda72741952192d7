import type { Context } from "mocha";
import { needsRedis, startRedis } from "./redis-server.js";
import { REFERENCE_VERSION, type TargetStarter } from "./target.js";
import { startTorusProcess } from "./torus-node.js";

/** A kind of server to run a suite against. */
export interface ServerKind {
  readonly name: string;
  readonly start: TargetStarter;
  /** For a `before` hook: skips the suite where this kind cannot be started. */
  needs(test: Context): Promise<void>;
}

export const redisServer: ServerKind = {
  name: "redis-server",
  start: startRedis,
  needs: (test) => needsRedis(test, REFERENCE_VERSION),
};

/** A node as its own process, so that it shares neither memory nor event loop with the clients of a test. */
export const torusServer: ServerKind = {
  name: "torus",
  start: startTorusProcess,
  needs: async () => undefined,
};

export const kinds: readonly ServerKind[] = [redisServer, torusServer];

/** A suite whose promises Redis keeps too: replayed there, it shows that the test itself asks for the right thing. */
export function onEveryServer(title: string, suite: (start: TargetStarter) => void): void {
  for (const kind of kinds) {
    describe(`${title} (${kind.name})`, () => {
      before(async function () {
        await kind.needs(this);
      });
      suite(kind.start);
    });
  }
}
