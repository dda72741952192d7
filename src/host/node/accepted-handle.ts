/**
 * The one place that reaches below Node's documented interface: `net.Server` has no way to give
 * accepted sockets a read buffer of ours (`onread`), which saves an allocation and about 1 us for each
 * read. So the handle is moved from the accepted socket to a new one that has it. Works on Node 20 to 24;
 * `test/host/node/` shows it on the one that runs.
 */
import { Socket } from "node:net";
import { assert } from "../../base/assert.js";

/** Where and how a socket reads: into `buffer`, telling `callback` how many bytes; false stops reading. */
export interface OnRead {
  readonly buffer: Buffer;
  callback(length: number): boolean;
}

/** What `net.Socket` keeps in `_handle`: an opaque object of libuv's, null once the socket let it go. */
interface HandleOwner {
  _handle: object | null;
}

/**
 * Makes a socket that reads through `onread` from one that a server with `pauseOnConnect` just accepted.
 * The accepted one is left an empty shell: released, so that its server counts it as gone.
 */
export function adopt(accepted: Socket, onread: OnRead): Socket {
  const owner = accepted as unknown as HandleOwner;
  const handle = owner._handle;
  assert(handle !== null && typeof handle === "object", "an accepted socket has a handle");
  owner._handle = null;
  accepted.destroy();
  // `handle` and `onread` are options of the constructor that its published types leave out.
  const options = { handle, onread, allowHalfOpen: true };
  return new Socket(options);
}
