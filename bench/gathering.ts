/** Fills a server with collections through the load client `gather`. */
import type { Children } from "./children.js";
import type { GatherAnswer, GatherRequest } from "./clients/gather.js";
import { LoadClient } from "./load-client.js";

/** A million commands take some seconds; more than this and it hangs. */
const gatherMsMax = 180_000;

/** Resolves when all is answered, and the client is gone. */
export async function gather(children: Children, request: GatherRequest): Promise<void> {
  const client = LoadClient.start<GatherRequest, GatherAnswer>(children, "gather");
  await client.ask(request, gatherMsMax);
  await client.stop();
}
