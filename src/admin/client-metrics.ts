/** Clients: their connections, and the commands that they sent. */
import type { CommandStats } from "../commands/session.js";
import type { MetricGroup, Sample } from "./metric.js";
import type { AdminSources } from "./sources.js";

const MICROS_PER_SECOND = 1e6;

export const connectionMetrics: MetricGroup = {
  title: "Connections of clients",
  metrics: [
    {
      name: "torus_connections",
      kind: "gauge",
      help: "Connections at present.",
      value: ({ node }) => node.sessionCount,
    },
    {
      name: "torus_connections_max",
      kind: "gauge",
      help: "How many there may be: maxclients.",
      value: ({ config }) => config.current.maxclients,
    },
    {
      name: "torus_connections_accepted_total",
      kind: "counter",
      help: "Connections accepted.",
      value: ({ node }) => node.stats.totalConnections,
    },
    {
      name: "torus_connections_rejected_total",
      kind: "counter",
      help: "Connections turned away: too many, or protected mode.",
      value: ({ node }) => node.stats.rejectedConnections,
    },
    {
      name: "torus_connections_evicted_total",
      kind: "counter",
      help: "Connections closed because all together took more memory than maxmemory-clients.",
      value: ({ node }) => node.stats.evictedClients,
    },
    {
      name: "torus_connections_waiting",
      kind: "gauge",
      help: "Connections whose command waits for a key, here or at another node: BLPOP and its like.",
      value: ({ node }) => sum(Array.from(node.sessions(), ({ isParked }) => Number(isParked))),
    },
    {
      name: "torus_connections_memory_bytes",
      kind: "gauge",
      help: "Memory of connections: requests that are incomplete, replies that wait, transactions.",
      value: ({ node }) => sum(Array.from(node.sessions(), ({ memoryBytes }) => memoryBytes)),
    },
    {
      name: "torus_network_received_bytes_total",
      kind: "counter",
      help: "Bytes of requests received.",
      value: ({ node }) => node.stats.inputBytes,
    },
    {
      name: "torus_network_sent_bytes_total",
      kind: "counter",
      help: "Bytes of replies sent.",
      value: ({ node }) => node.stats.outputBytes,
    },
  ],
};

export const commandMetrics: MetricGroup = {
  title: "Commands",
  metrics: [
    {
      name: "torus_commands_total",
      kind: "counter",
      help: "Commands executed by this node, those that other nodes sent included.",
      value: ({ node }) => node.stats.totalCommands,
    },
    {
      name: "torus_command_calls_total",
      kind: "counter",
      help: "Calls, by command.",
      labels: ["command"],
      samples: byCommand(({ calls }) => calls),
    },
    {
      name: "torus_command_failures_total",
      kind: "counter",
      help: "Calls that were answered with an error by the command itself.",
      labels: ["command"],
      samples: byCommand(({ failed }) => failed),
    },
    {
      name: "torus_command_rejections_total",
      kind: "counter",
      help: "Calls that were refused before the command ran, as for the number of arguments or for want of memory.",
      labels: ["command"],
      samples: byCommand(({ rejected }) => rejected),
    },
    {
      name: "torus_command_seconds_total",
      kind: "counter",
      help: "Time spent in calls. Of commands of constant time one in sixteen is timed, and stands for the others.",
      labels: ["command"],
      samples: byCommand(({ microseconds }) => microseconds / MICROS_PER_SECOND),
    },
    {
      name: "torus_command_duration_seconds",
      kind: "histogram",
      help: "How long commands ran, all of them together, by the same sample.",
      durations: ({ node }) => node.durations,
    },
    {
      name: "torus_error_replies_total",
      kind: "counter",
      help: "Error replies, by the code that they begin with.",
      labels: ["code"],
      samples: ({ node }) =>
        Array.from(node.stats.errorsByCode, ([code, count]): Sample => [{ code }, count]),
    },
  ],
};

/** Of the commands that were ever called: most of the table never is. */
function byCommand(value: (stats: CommandStats) => number): (sources: AdminSources) => Sample[] {
  return ({ node }) =>
    Array.from(node.commandStats)
      .filter(({ calls, failed, rejected }) => calls + failed + rejected > 0)
      .map((stats) => [{ command: stats.name }, value(stats)]);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
