import { expect } from "chai";
import { Watchers } from "#torus/keyspace/watchers.js";
import { RemoteWatches } from "#torus/server/remote-watches.js";

describe("RemoteWatches", () => {
  it("forgets the oldest beyond so many keys, and beyond so many bytes of them", () => {
    const watchers = new Watchers();
    const watches = new RemoteWatches(watchers);
    for (let i = 0; i < 65_536; i++) watches.watch(`token ${i % 1000}`, null, 0, Buffer.from(`key ${i}`));
    expect(watches.size).to.equal(1000);
    watches.watch("one more", null, 0, Buffer.from("key"));
    expect(watches.size).to.equal(1000);
    expect(watches.find("token 0")).to.equal(undefined);
    expect(watches.find("one more")?.keysChanged).to.equal(false);
    watches.watch("large", null, 0, Buffer.alloc(15 * 1024 * 1024));
    watches.watch("larger", null, 0, Buffer.alloc(16 * 1024 * 1024 - 1));
    expect(watches.find("large")).to.equal(undefined);
    expect(watches.size).to.equal(1);
    watches.release("larger");
    expect(watchers.count).to.equal(0);
  });

  it("takes what it has forgotten for changed when more is watched under the same token", () => {
    const watches = new RemoteWatches(new Watchers());
    watches.watch("token", null, 0, Buffer.from("a"));
    watches.expect("token", null);
    expect(watches.find("token")?.keysChanged).to.equal(false);
    watches.release("token");
    watches.expect("token", null);
    watches.watch("token", null, 0, Buffer.from("b"));
    expect(watches.find("token")?.keysChanged).to.equal(true);
  });

  it("forgets what came by a link that broke, and nothing else", () => {
    const watches = new RemoteWatches(new Watchers());
    const [one, other] = [{}, {}];
    watches.watch("a", one, 0, Buffer.from("key"));
    watches.watch("b", other, 0, Buffer.from("key"));
    watches.releaseAll(one);
    expect(watches.find("a")).to.equal(undefined);
    expect(watches.find("b")).not.to.equal(undefined);
  });
});
