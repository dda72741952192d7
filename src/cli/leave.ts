/** `torus leave`: lets a node hand its slots over to the others and end; nothing is lost. */
import type { Command } from "commander";
import type { Redis } from "ioredis";
import { nodeTimers } from "../host/node/timers.js";
import { askStatus, askTorus } from "./cluster-reports.js";
import { connectTo, declareNode, type NodeFlags, withNode } from "./connection-options.js";
import { progressBar, say } from "./terminal.js";

/** Between looks at how far it is. */
const LOOK_PERIOD_MS = 500;

export function declareLeave(program: Command): void {
  const command = program
    .command("leave")
    .description("let a node hand its slots over to the others, and end; waits until that is done");
  declareNode(command).action((flags: NodeFlags) => withNode(flags, (redis) => leave(redis, flags)));
}

async function leave(redis: Redis, { node, ...credentials }: NodeFlags): Promise<void> {
  const { name, node: id } = await askStatus(redis);
  say(`${name || id} hands its slots over to the others ...`);
  // The connection that asked it to leave gets its next reply when it has.
  const observer = await connectTo(node, credentials);
  const stopShowing = showProgress(observer);
  try {
    await askTorus(redis, "LEAVE");
  } finally {
    stopShowing();
    observer.disconnect();
  }
  say(`${name || id} has left the cluster`);
}

/** Draws how many slots are done until it is called off. */
function showProgress(redis: Redis): () => void {
  const bar = progressBar("handing over", "slots");
  let isDrawn = false;
  const look = async () => {
    const { change } = await askStatus(redis);
    if (change === null || change.slots === 0) return;
    if (!isDrawn) bar.start(change.slots, change.slotsDone);
    else bar.update(change.slotsDone);
    isDrawn = true;
  };
  // How far it is nobody needs to know: what went wrong the one who asked it to leave is told.
  const cancel = nodeTimers.every(LOOK_PERIOD_MS, () => void look().catch(() => undefined));
  return () => {
    cancel();
    if (isDrawn) bar.stop();
  };
}
