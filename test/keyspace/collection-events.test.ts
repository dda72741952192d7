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

      it("tell of a list that was emptied and comes back as of a new key", () => {
        const commands = ["RPUSH l a", "LPOP l", "LPUSH l a", "LMOVE l m LEFT RIGHT", "RPUSH l b"];
        expect(eventsOf(keepTombstones, ...commands)).to.deep.equal([
          "new new l",
          "list rpush l",
          "list lpop l",
          "generic del l",
          "new new l",
          "list lpush l",
          "new new m",
          "list rpush m",
          "list lpop l",
          "generic del l",
          "new new l",
          "list rpush l",
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

      it("tell of a sorted set that was emptied and comes back as of a new key", () => {
        const commands = [
          "ZADD z 1 a",
          "ZADD z 1 a",
          "ZINCRBY z 1 a",
          "ZREM z a",
          "ZADD z 1 a 2 b 3 c",
          "ZPOPMAX z",
          "ZREMRANGEBYRANK z 0 -1",
          "ZUNIONSTORE z 1 z",
          "ZADD z INCR 1 a",
          "ZRANGESTORE y z 0 -1",
          "ZREMRANGEBYSCORE y 5 6",
        ];
        expect(eventsOf(keepTombstones, ...commands)).to.deep.equal([
          "new new z",
          "zset zadd z",
          "zset zincr z",
          "zset zrem z",
          "generic del z",
          "new new z",
          "zset zadd z",
          "zset zpopmax z",
          "zset zremrangebyrank z",
          "generic del z",
          "keymiss keymiss z",
          "new new z",
          "zset zincr z",
          "new new y",
          "zset zrangestore y",
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
