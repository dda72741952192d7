/** LATENCY DOCTOR: what the spikes that were kept look like, and what to do about them, for people. */
import type { LatencyEvent } from "./latency-monitor.js";
import type { SessionCall } from "./session.js";

const MICROS_PER_MS = 1000;

export function latencyReport({ node, config }: SessionCall): string {
  const { latencyMonitorThresholdMs, slowlogLogSlowerThanMicros } = config.current;
  if (latencyMonitorThresholdMs === 0) {
    return (
      "Spikes of latency are not watched for on this node. CONFIG SET latency-monitor-threshold <milliseconds> " +
      "begins to keep events that take at least so long.\n"
    );
  }
  const { events } = node.latency;
  if (events.size === 0) {
    return `No event has taken ${latencyMonitorThresholdMs} ms or more since the last LATENCY RESET: there is nothing to report.\n`;
  }
  const nowSeconds = Math.floor(node.clock.wallMs() / 1000);
  const lines = [...events].map(([name, event], i) => `${i + 1}. ${name}: ${describe(event, nowSeconds)}`);
  const advice = [
    ...(slowlogLogSlowerThanMicros < 0 ||
    slowlogLogSlowerThanMicros > latencyMonitorThresholdMs * MICROS_PER_MS
      ? [
          `The slow log keeps less than what is watched for here: CONFIG SET slowlog-log-slower-than ${latencyMonitorThresholdMs * MICROS_PER_MS} lets it show each of these commands.`,
        ]
      : []),
    "SLOWLOG GET shows which commands took their time, and with which arguments. Look for those whose complexity (docs/commands.md) grows with a large value.",
    "LATENCY HISTOGRAM shows how long each command usually takes: one slow command among many is another case than all of them slow, which speaks for a busy machine.",
  ];
  return `Spikes of latency were seen on this node:\n\n${lines.join("\n")}\n\nWhat may help:\n\n${advice.map((line) => `- ${line}\n`).join("")}`;
}

function describe({ samples, maxMs }: LatencyEvent, nowSeconds: number): string {
  const all = samples.toArray();
  const times = all.map(({ milliseconds }) => milliseconds);
  const mean = average(times);
  const deviation = average(times.map((time) => Math.abs(time - mean)));
  // An event is made with its first sample.
  const period = (nowSeconds - all[0]!.wallSeconds) / all.length;
  return (
    `${all.length} spikes kept (average ${Math.round(mean)} ms, mean deviation ${Math.round(deviation)} ms, ` +
    `one in ${period.toFixed(2)} s). Worst of all time ${maxMs} ms.`
  );
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
