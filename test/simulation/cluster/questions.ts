/** A client that has time: it sends some commands, and waits for all their replies. */
import type { ConnectionEvents } from "#torus/host/network.js";
import type { World } from "#torus/host/sim/world.js";
import type { Reply } from "../../support/reply.js";
import { ReplyDecoder } from "../../support/reply-decoder.js";
import { type Argument, encodeCommand } from "../../support/request.js";
import { NODE_PORT } from "./fleet.js";
import { Violation } from "./violation.js";

const PATIENCE_MS = 30_000;
const HOST = "judge";

/** The replies to some commands, sent to a node with one write. */
export async function ask(
  world: World,
  node: string,
  commands: readonly (readonly Argument[])[],
): Promise<readonly Reply[]> {
  const replies: Reply[] = [];
  const decoder = new ReplyDecoder();
  const answered = new Promise<void>((resolve, reject) => {
    const events: ConnectionEvents = {
      received(bytes, length) {
        replies.push(...decoder.push(Buffer.from(bytes.subarray(0, length))));
        if (replies.length >= commands.length) resolve();
      },
      drained() {},
      closed: () => reject(new Violation(`${node} closed the connection`)),
    };
    world
      .host(HOST)
      .network.connect({ host: node, port: NODE_PORT }, () => events)
      .then((connection) => {
        connection.write(Buffer.concat(commands.map((args) => encodeCommand([...args]))));
        void answered.then(() => connection.close());
      }, reject);
  });
  await world.complete(answered, { withinMs: PATIENCE_MS });
  return replies;
}
