/** Datagrams over `node:dgram`. Names are looked up at most once in a while: sockets would ask the resolver each time. */
import { createSocket, type Socket } from "node:dgram";
import { type LookupAddress, type LookupOneOptions, lookup } from "node:dns";
import { isIP, isIPv6 } from "node:net";
import type { Address, DatagramReceived, DatagramSocket, Datagrams } from "../datagrams.js";
import { toHostError } from "./os-error.js";

/** What may wait in the system while the loop is busy: a few thousand datagrams, so that a stall is not loss. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;
/** An address that a name had is used for so long. */
const NAME_MS = 30_000;
/** More names than a cluster has members are not kept. */
const NAMES_MAX = 4096;

export const nodeDatagrams: Datagrams = { bind };

async function bind(address: Address, received: DatagramReceived): Promise<DatagramSocket> {
  const type = isIPv6(address.host) ? "udp6" : "udp4";
  const socket = createSocket({ type, ipv6Only: type === "udp6", lookup: cachedLookup() });
  await bound(socket, address);
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {
    // The system allows less: then what it allows has to do.
  }
  let isOpen = true;
  socket.on("message", (bytes, { address: host, port }) => {
    if (isOpen) received(bytes, { host, port });
  });
  // Failures of single datagrams: lost, as datagrams may be.
  socket.on("error", () => {});
  const { address: host, port } = socket.address();
  return {
    address: { host, port },
    send(bytes, to) {
      if (isOpen) socket.send(bytes, to.port, to.host, () => {});
    },
    close() {
      if (!isOpen) return Promise.resolve();
      isOpen = false;
      return new Promise((resolve) => socket.close(() => resolve()));
    },
  };
}

function bound(socket: Socket, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      socket.close();
      reject(toHostError(error));
    };
    socket.once("error", refuse);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off("error", refuse);
      // The port is to be free for others as soon as the process ends, and not to keep it from ending.
      socket.unref();
      resolve();
    });
  });
}

type LookedUp = (error: NodeJS.ErrnoException | null, address: string, family: number) => void;

function cachedLookup(): (name: string, options: LookupOneOptions, then: LookedUp) => void {
  const cached = new Map<string, { readonly address: LookupAddress; readonly untilMs: number }>();
  return (name, options, then) => {
    const literal = isIP(name);
    if (literal !== 0) {
      then(null, name, literal);
      return;
    }
    const known = cached.get(name);
    if (known !== undefined && known.untilMs > performance.now()) {
      then(null, known.address.address, known.address.family);
      return;
    }
    lookup(name, options, (error, address, found) => {
      if (error === null) {
        if (cached.size >= NAMES_MAX) cached.clear();
        cached.set(name, { address: { address, family: found }, untilMs: performance.now() + NAME_MS });
      }
      then(error, address, found);
    });
  };
}
