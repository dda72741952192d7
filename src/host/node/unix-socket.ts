import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { HostError } from "../host-error.js";
import { codeOf, toHostError } from "./os-error.js";

/**
 * Makes room for a new socket at `path`: a socket file that a dead process left behind is removed. Rejects
 * with EADDRINUSE if someone listens there, or if the file is no socket and therefore not ours to remove.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  let isSocket: boolean;
  try {
    isSocket = (await lstat(path)).isSocket();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw toHostError(error);
  }
  if (!isSocket) throw new HostError("EADDRINUSE", `${path} is there and is not a socket`);
  if (await hasListener(path)) throw new HostError("EADDRINUSE", `another process listens on ${path}`);
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw toHostError(error);
  }
}

/** Only a refused connect proves that nobody is there: a full backlog or missing rights do not. */
function hasListener(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error) => resolve(codeOf(error) !== "ECONNREFUSED"));
  });
}
