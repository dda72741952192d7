/** The process, and how well its event loop keeps up. */
import { redisVersion, version } from "../base/version.js";
import type { MetricGroup } from "./metric.js";
import { whatIsMissing } from "./readiness.js";
import { clusterOf } from "./sources.js";

const MILLIS_PER_SECOND = 1000;

export const processMetrics: MetricGroup = {
  title: "Process",
  metrics: [
    {
      name: "torus_info",
      kind: "gauge",
      help: "Always 1; its labels say what runs.",
      labels: ["version", "redis_version", "runtime", "node"],
      samples: (sources) => {
        const { runtime } = sources.node.system;
        const node = clusterOf(sources)?.selfId ?? "";
        return [[{ version, redis_version: redisVersion, runtime, node }, 1]];
      },
    },
    {
      name: "torus_ready",
      kind: "gauge",
      help: "1 if the node lacks nothing to serve every key, as /readyz tells.",
      value: (sources) => Number(whatIsMissing(sources).length === 0),
    },
    {
      name: "torus_start_time_seconds",
      kind: "gauge",
      help: "When the node was started, in seconds since the Unix epoch.",
      value: ({ node }) => node.startedWallMs / MILLIS_PER_SECOND,
    },
    {
      name: "torus_process_cpu_seconds_total",
      kind: "counter",
      help: "Processor time of the process, all its threads together.",
      labels: ["mode"],
      samples: ({ node }) => {
        const { userSeconds, systemSeconds } = node.system.cpu();
        return [
          [{ mode: "user" }, userSeconds],
          [{ mode: "system" }, systemSeconds],
        ];
      },
    },
    {
      name: "torus_process_resident_memory_bytes",
      kind: "gauge",
      help: "Resident set of the process.",
      value: ({ node }) => node.system.memory().residentBytes,
    },
    {
      name: "torus_process_heap_bytes",
      kind: "gauge",
      help: "JavaScript heap, in use and reserved.",
      labels: ["state"],
      samples: ({ node }) => {
        const { heapUsedBytes, heapTotalBytes } = node.system.memory();
        return [
          [{ state: "used" }, heapUsedBytes],
          [{ state: "reserved" }, heapTotalBytes],
        ];
      },
    },
    {
      name: "torus_process_array_buffers_bytes",
      kind: "gauge",
      help: "Memory of array buffers, where the records lie.",
      value: ({ node }) => node.system.memory().arrayBufferBytes,
    },
    {
      name: "torus_event_loop_lag_seconds",
      kind: "histogram",
      help: "How late the event loop came to a timer, of which there are ten a second.",
      durations: ({ loopLag }) => loopLag,
    },
  ],
};
