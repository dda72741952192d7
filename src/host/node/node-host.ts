/** Puts the parts of the real world together. */
import type { Host } from "../host.js";
import { nodeChecksum } from "./checksum.js";
import { nodeCipher } from "./cipher.js";
import { nodeClock } from "./clock.js";
import { nodeDatagrams } from "./datagrams.js";
import { nodeDisk } from "./disk.js";
import { nodeFiles } from "./files.js";
import { nodeHttp } from "./http.js";
import { createNodeLog, type LogOptions, type NodeLog } from "./log.js";
import { createNodeNetwork } from "./network.js";
import { nodeRandom } from "./random.js";
import { createNodeSystem } from "./system.js";
import { nodeTimers } from "./timers.js";

export interface NodeHostOptions {
  readonly log: LogOptions;
}

export interface NodeHost extends Host {
  readonly log: NodeLog;
}

/**
 * The real world of one node. Several may live in one process. Its owner closes `log` last.
 * Throws a `HostError` if the log's file cannot be opened.
 */
export function createNodeHost(options: NodeHostOptions): NodeHost {
  const log = createNodeLog(options.log);
  return {
    clock: nodeClock,
    timers: nodeTimers,
    random: nodeRandom,
    network: createNodeNetwork(log),
    datagrams: nodeDatagrams,
    http: nodeHttp,
    cipher: nodeCipher,
    system: createNodeSystem(),
    files: nodeFiles,
    disk: nodeDisk,
    log,
    checksum: nodeChecksum,
  };
}
