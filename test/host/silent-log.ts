import type { Log } from "#torus/host/log.js";

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
