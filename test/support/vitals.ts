import { textOf } from "./reply.js";
import { PATIENCE_MS, type WireClient } from "./wire-client.js";

/** One number of INFO, asked over a connection that is served like any other. */
export async function vital(client: WireClient, name: string): Promise<number> {
  const value = Number.parseInt(await infoText(client, name), 10);
  if (Number.isNaN(value)) throw new Error(`INFO has no number called ${name}`);
  return value;
}

/** What INFO says of something, as it says it. */
export async function infoText(client: WireClient, name: string): Promise<string> {
  const text = textOf(await client.call("INFO", "everything")) ?? "";
  const value = new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(text)?.[1];
  if (value === undefined) throw new Error(`INFO has nothing called ${name}`);
  return value;
}

/** Megabytes of memory that the server's process holds in fact. */
export async function residentMegabytes(client: WireClient): Promise<number> {
  return (await vital(client, "used_memory_rss")) / 2 ** 20;
}

/** Asks until it is so. Every question is a round trip through the server, which so gets its turn: nobody sleeps. */
export async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const start = performance.now(); !(await isSo()); ) {
    if (performance.now() - start > PATIENCE_MS)
      throw new Error(`still not so after ${PATIENCE_MS} ms: ${what}`);
  }
}
