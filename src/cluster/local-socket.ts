/**
 * The Unix socket in a node's data directory, by which nodes of the same host link with it, somewhat cheaper than by TCP. Gossip carries its
 * path; who has the same address tries it, and takes the cluster port if nobody is there, as in a container.
 */
import type { System } from "../host/system.js";
import type { Digest, MemberRecord } from "../membership/member.js";

/** Only the user that runs the node may connect. */
export const LOCAL_SOCKET_MODE = 0o600;
const SOCKET_FILE = "cluster.sock";
/** A digest of a member's record that is a path. */
const LOCAL_SOCKET = 1;
/** What all systems that have Unix sockets take (sun_path is 104 bytes with its end on some). */
const PATH_BYTES_MAX = 103;

/** Undefined without a directory, or if its path is too long for a socket. */
export function localSocketPath(
  directory: string | undefined,
  { workingDirectory }: System,
): string | undefined {
  if (directory === undefined) return undefined;
  const absolute = directory.startsWith("/") ? directory : `${workingDirectory}/${directory}`;
  const path = `${absolute}/${SOCKET_FILE}`;
  return Buffer.byteLength(path) > PATH_BYTES_MAX ? undefined : path;
}

export function localSocketDigest(path: string): Digest {
  return { tag: LOCAL_SOCKET, bytes: Buffer.from(path) };
}

/** The path at which a member can be reached from a node of an address; undefined if it is of another host, or has none. */
export function localSocketOf({ host, digests }: MemberRecord, ownHost: string): string | undefined {
  const digest = digests.find(({ tag }) => tag === LOCAL_SOCKET);
  if (digest === undefined || host !== ownHost) return undefined;
  const path = Buffer.from(digest.bytes).toString();
  // A path is what it is to be, or it is none: never a name that something else may hear to.
  return path.startsWith("/") && !path.includes("\0") ? path : undefined;
}
