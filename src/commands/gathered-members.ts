/** Members that a command puts aside before it changes anything. */
import { GatheredSet } from "../keyspace/gathered-set.js";
import { type Room, withinRoom } from "./room.js";

/** The set that `gather` adds members to. */
export function gatherMembers(room: Room, gather: (into: GatheredSet) => void): GatheredSet {
  const members = new GatheredSet(room.bytesMax);
  withinRoom(room, () => gather(members));
  return members;
}
