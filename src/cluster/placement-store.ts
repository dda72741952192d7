/**
 * What a node must not forget of who owns what: the placement, what became of the slots that it hands over or takes over in
 * the change under way, and whom operators told it to give up. One small file in the data directory, replaced as a whole; in memory alone for a node that keeps nothing.
 *
 *     {"format": 1, "cluster": "47..", "placement": ..., "handover": {"change": "7 3f..", "taken": "0-5,7", "offered": ""},
 *      "toForget": [{"kind": "forget", "ids": ["9c.."], "isForced": false}]}
 */
import type { Files } from "../host/files.js";
import { CLUSTER_ID_FORM, type ClusterId } from "../membership/member.js";
import { PLACEMENT_FILE } from "./earlier-cluster.js";
import { readKeptFile } from "./kept-file.js";
import { formatPlacement, type Placement, parsePlacement } from "./placement.js";
import { type ForgetWish, isForgetWish } from "./placement-messages.js";
import { SlotSet } from "./slot-set.js";

/** Raised when an older release could no longer make sense of the file. */
const FORMAT = 1;

export interface Handover {
  /** The change that it belongs to (slot-plan.ts). Sets are replaced, not changed. */
  readonly change: string;
  /** This node took them over: from then on it executes for them. */
  readonly taken: SlotSet;
  /** The next owner of these was asked to take them over, and may have done so. */
  readonly offered: SlotSet;
}

export interface KeptPlacement {
  /** Of which cluster it is: a node must not carry it into another. */
  readonly cluster: ClusterId;
  readonly placement: Placement;
  readonly handover: Handover | null;
  /** Not begun yet. */
  readonly toForget: readonly ForgetWish[];
}

export class PlacementStore {
  readonly #files: Files;
  readonly #path: string | undefined;

  private constructor(files: Files, path: string | undefined) {
    this.#files = files;
    this.#path = path;
  }

  /** Rejects with `UnusableDirectory` if there is a file that makes no sense: to go on as if there were none could be to lose slots, or to own them twice. */
  static async open(
    files: Files,
    directory: string | undefined,
  ): Promise<{ store: PlacementStore; kept: KeptPlacement | undefined }> {
    const path = directory && `${directory}/${PLACEMENT_FILE}`;
    const kept = await readKeptFile(files, path, parseKept);
    return { store: new PlacementStore(files, path), kept: kept ?? undefined };
  }

  /** Resolves when it lasts. One at a time. */
  async write({ cluster, placement, handover, toForget }: KeptPlacement): Promise<void> {
    if (this.#path === undefined) return;
    const kept = {
      format: FORMAT,
      cluster,
      placement: JSON.parse(formatPlacement(placement)),
      handover: handover && {
        change: handover.change,
        taken: handover.taken.toString(),
        offered: handover.offered.toString(),
      },
      toForget,
    };
    await this.#files.replaceText(this.#path, `${JSON.stringify(kept)}\n`);
  }

  /** There is no placement any more. Resolves when that lasts. */
  async forget(): Promise<void> {
    if (this.#path !== undefined) await this.#files.replaceText(this.#path, `${JSON.stringify(NONE)}\n`);
  }
}

const NONE = { format: FORMAT, cluster: null, placement: null, handover: null, toForget: [] };

/** Null if it says that there is none; undefined if it makes no sense. */
function parseKept(text: string): KeptPlacement | null | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  // Earlier releases remembered no wishes.
  const { format, cluster, placement, handover, toForget = [] } = (value ?? {}) as Record<string, unknown>;
  if (format === FORMAT && placement === null) return null;
  const parsed = format === FORMAT ? parsePlacement(JSON.stringify(placement)) : undefined;
  if (parsed === undefined || typeof cluster !== "string" || !CLUSTER_ID_FORM.test(cluster)) return undefined;
  if (!Array.isArray(toForget) || !toForget.every(isForgetWish)) return undefined;
  if (handover === null) return { cluster, placement: parsed, handover, toForget };
  const { change, taken, offered } = (handover ?? {}) as Record<string, unknown>;
  if (typeof change !== "string" || typeof taken !== "string" || typeof offered !== "string")
    return undefined;
  const [takenSlots, offeredSlots] = [SlotSet.parse(taken), SlotSet.parse(offered)];
  if (takenSlots === undefined || offeredSlots === undefined) return undefined;
  return {
    cluster,
    placement: parsed,
    handover: { change, taken: takenSlots, offered: offeredSlots },
    toForget,
  };
}
