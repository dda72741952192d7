/** One line of the log for each change that an operator wants to hear of. */
import type { Log } from "../host/log.js";
import type { Member, NodeId } from "./member.js";
import type { Change } from "./member-table.js";

export function logChange(log: Log, { member, before }: Change, ownId: NodeId): void {
  const { id, name, host, clusterPort, lifecycle } = member.record;
  const values = { member: id, name, address: `${host}:${clusterPort}`, lifecycle };
  if (id === ownId) return;
  const [condition, earlier] = [conditionOf(member), before && conditionOf(before)];
  if (condition === earlier) return;
  switch (condition) {
    case "alive":
      log.info(earlier === undefined ? "a member joined" : "a member is back", values);
      return;
    case "suspect":
      log.info("a member is suspect", values);
      return;
    case "dead":
      log.warn("a member is dead", values);
      return;
    case "left":
      log.info("a member left", values);
      return;
    case "forgotten":
      log.info("a member was forgotten", values);
      return;
  }
}

function conditionOf({ record, status }: Pick<Member, "record" | "status">): Member["status"] | "left" {
  if (record.lifecycle === "left" && status !== "forgotten") return "left";
  return status;
}
