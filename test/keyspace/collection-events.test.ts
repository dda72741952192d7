import { expect } from "chai";
import { CommandRunner } from "../support/command-runner.js";
import { smallKeyspace } from "../support/small-keyspace.js";

/** What is told of some commands, each as its words. */
function eventsOf(keepTombstones: boolean, ...commands: readonly string[]): string[] {
  const keyspace = smallKeyspace({ keepTombstones });
  const runner = new CommandRunner(keyspace);
  const events: string[] = [];
  keyspace.events = {
    happened(kind, event) {
      const { bytes, start, end } = keyspace;
      events.push(`${kind} ${event} ${bytes.toString("latin1", start, end)}`);
    },
  };
  for (const command of commands) runner.run(...command.split(" "));
  return events;
}

describe("events of collections", () => {
  for (const keepTombstones of [false, true]) {
    describe(keepTombstones ? "of which others have copies" : "of a lone node", () => {
      it("tell of a set that was emptied and comes back as of a new key", () => {
        const commands = ["SADD s a", "SREM s a", "SADD s b", "SPOP s 2", "SADD s c"];
        expect(eventsOf(keepTombstones, ...commands)).to.deep.equal([
          "new new s",
          "set sadd s",
          "set srem s",
          "generic del s",
          "new new s",
          "set sadd s",
          "set spop s",
          "generic del s",
          "new new s",
          "set sadd s",
        ]);
      });

      it("tell of a hash that was emptied and comes back as of a new key", () => {
        expect(eventsOf(keepTombstones, "HSET h f v", "HDEL h f", "HSET h f v")).to.deep.equal([
          "new new h",
          "hash hset h",
          "hash hdel h",
          "generic del h",
          "new new h",
          "hash hset h",
        ]);
      });

      it("tell of a set made of others as of a new key only where there was none", () => {
        const events = eventsOf(
          keepTombstones,
          "SADD a 1",
          "SUNIONSTORE to a",
          "SUNIONSTORE to a",
          "SDIFFSTORE to a a",
          "SINTERSTORE to a",
        );
        expect(events.slice(2)).to.deep.equal([
          "new new to",
          "set sunionstore to",
          "set sunionstore to",
          "generic del to",
          "new new to",
          "set sinterstore to",
        ]);
      });
    });
  }
});
