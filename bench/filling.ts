/** Fills a server with distinct keys through the load client `fill`, and counts them. */
import type { Children } from "./children.js";
import type { FillAnswer, FillRequest } from "./clients/fill.js";
import { LoadClient } from "./load-client.js";
import { Connection } from "./resp.js";

/** Loading five million keys takes some ten seconds; more than this and it hangs. */
const fillMsMax = 180_000;

/** Resolves to the seconds that the load took. The client is gone then: what remains is the server's. */
export async function fill(children: Children, request: FillRequest): Promise<number> {
  const client = LoadClient.start<FillRequest, FillAnswer>(children, "fill");
  const { seconds } = await client.ask(request, fillMsMax);
  await client.stop();
  return seconds;
}

/** What the server says it holds. Throws if that is not `expected`: then no figure about it means anything. */
export async function expectKeys(port: number, expected: number): Promise<void> {
  const connection = await Connection.open(port);
  const held = Number(await connection.call("DBSIZE"));
  connection.close();
  if (held !== expected) throw new Error(`the server holds ${held} keys after ${expected} were written`);
}
