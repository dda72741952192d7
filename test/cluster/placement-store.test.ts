import { expect } from "chai";
import { firstPlacement, joining } from "#torus/cluster/placement.js";
import { PlacementStore } from "#torus/cluster/placement-store.js";
import { SlotSet } from "#torus/cluster/slot-set.js";
import type { Files } from "#torus/host/files.js";
import { HostError } from "#torus/host/host-error.js";

const CLUSTER = "c".repeat(32);
const MEMBER = { id: "a", weight: 1, zone: "", host: "host" };
const PLACEMENT = joining(firstPlacement(MEMBER), { ...MEMBER, id: "b" }, "a");

class FilesInMemory implements Files {
  readonly texts = new Map<string, string>();

  async readText(path: string): Promise<string> {
    const text = this.texts.get(path);
    if (text === undefined) throw new HostError("ENOENT", path);
    return text;
  }

  async replaceText(path: string, text: string): Promise<void> {
    this.texts.set(path, text);
  }
}

describe("what is kept of the placement", () => {
  it("is nothing at first, and then what was written last", async () => {
    const files = new FilesInMemory();
    const { store, kept } = await PlacementStore.open(files, "data");
    expect(kept).equal(undefined);
    const toForget = [{ kind: "forget", ids: ["c", "d"], isForced: true }] as const;
    const handover = { change: "2 b", taken: new SlotSet([1, 2, 3]), offered: new SlotSet([9]) };
    await store.write({ cluster: CLUSTER, placement: firstPlacement(MEMBER), handover: null, toForget: [] });
    expect((await PlacementStore.open(files, "data")).kept!.handover).equal(null);
    await store.write({ cluster: CLUSTER, placement: PLACEMENT, handover, toForget });
    const read = (await PlacementStore.open(files, "data")).kept!;
    expect(read.cluster).equal(CLUSTER);
    expect(read.placement).deep.equal(PLACEMENT);
    expect(read.handover!.change).equal("2 b");
    expect(read.handover!.taken.toString()).equal("1-3");
    expect(read.handover!.offered.toString()).equal("9");
    expect(read.toForget).deep.equal(toForget);
    await store.forget();
    expect((await PlacementStore.open(files, "data")).kept).equal(undefined);
  });

  it("is nothing on a disk for a node that keeps nothing", async () => {
    const files = new FilesInMemory();
    const { store } = await PlacementStore.open(files, undefined);
    await store.write({ cluster: CLUSTER, placement: PLACEMENT, handover: null, toForget: [] });
    expect(files.texts.size).equal(0);
  });

  it("remembers no wishes of a release that wrote none down", async () => {
    const files = new FilesInMemory();
    const { store } = await PlacementStore.open(files, "data");
    await store.write({ cluster: CLUSTER, placement: PLACEMENT, handover: null, toForget: [] });
    const [[path, text]] = [...files.texts] as [[string, string]];
    const { toForget, ...old } = JSON.parse(text);
    files.texts.set(path, JSON.stringify(old));
    expect((await PlacementStore.open(files, "data")).kept!.toForget).deep.equal(toForget);
  });

  it("stops a node whose file makes no sense, wherever it is cut and whatever it says", async () => {
    const files = new FilesInMemory();
    const { store } = await PlacementStore.open(files, "data");
    await store.write({
      cluster: CLUSTER,
      placement: PLACEMENT,
      handover: { change: "2 b", taken: new SlotSet(), offered: new SlotSet() },
      toForget: [],
    });
    const [[path, text]] = [...files.texts] as [[string, string]];
    const whole = JSON.parse(text);
    const damaged = [
      ...Array.from({ length: text.trimEnd().length }, (_, length) => text.slice(0, length)),
      ...[
        { ...whole, format: 2 },
        { ...whole, cluster: "elsewhere" },
        { ...whole, placement: { ...whole.placement, epoch: 0 } },
        { ...whole, toForget: {} },
        { ...whole, toForget: [{ kind: "leave", id: "b" }] },
        { ...whole, handover: {} },
        { ...whole, handover: { ...whole.handover, taken: "3-1" } },
      ].map((value) => JSON.stringify(value)),
    ];
    for (const each of damaged) {
      files.texts.set(path, each);
      const opened = await PlacementStore.open(files, "data").then(
        () => "opened",
        (error: Error) => error.message,
      );
      expect(opened, each).match(/makes no sense/);
    }
  });
});
