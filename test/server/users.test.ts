import { expect } from "chai";
import type { SimCaller } from "../support/sim-caller.js";
import { SimNode } from "../support/sim-node.js";
import { worldOf } from "../support/world.js";

const NO_COMMAND = /^-"NOPERM this user has no permissions to run the '/;
const NO_KEY = '-"NOPERM this user has no permissions to access one of the keys used as arguments"';

async function nodeWith(...users: string[]): Promise<SimNode> {
  const node = await SimNode.alone();
  for (const user of users) expect(await node.call("ACL", "SETUSER", ...user.split(" "))).to.equal("OK");
  return node;
}

describe("users of a node", () => {
  it("are judged from the command on that logs in, within one pipeline", async () => {
    const node = await nodeWith("bob on >pw ~b* +get +set");
    const caller = await node.connect();
    const replies = await caller.askAll(
      "SET a 1",
      "AUTH bob pw",
      "SET b 1",
      "SET a 2",
      "GET a",
      "GET b",
      "RESET",
      "GET a",
    );
    expect(replies).to.deep.equal(["OK", "OK", "OK", NO_KEY, NO_KEY, '"1"', "RESET", '"1"']);
  });

  it("are judged by new rules from the next command on, wherever they are connected", async () => {
    const node = await nodeWith("bob on nopass ~* +@all");
    const caller = await node.connect();
    expect(await caller.ask("AUTH", "bob", "x")).to.equal("OK");
    expect(await caller.ask("SET", "k", "1")).to.equal("OK");
    await node.call("ACL", "SETUSER", "bob", "-set");
    expect(await caller.ask("SET", "k", "2")).to.match(NO_COMMAND);
    await node.call("ACL", "SETUSER", "bob", "+set", "resetkeys", "%R~*");
    expect(await caller.ask("SET", "k", "2")).to.equal(NO_KEY);
    expect(await caller.ask("GET", "k")).to.equal('"1"');
    await node.call("ACL", "SETUSER", "bob", "~*");
    expect(await caller.ask("SET", "k", "2")).to.equal("OK");
    // The others are as before.
    expect(await (await node.connect()).ask("SET", "k", "3")).to.equal("OK");
  });

  it("cost unlimited users nothing: no guard has to look at their commands", async () => {
    const node = await nodeWith("bob on nopass ~* &* +@all", "carol on nopass ~* &* +@all -debug");
    const caller = await node.connect();
    await caller.ask("AUTH", "carol", "x");
    expect(await caller.ask("AUTH", "bob", "x")).to.equal("OK");
    expect(await caller.ask("DEBUG", "JMAP")).to.not.match(NO_COMMAND);
  });

  it("are judged in transactions when commands are queued, and again when they are executed", async () => {
    const node = await nodeWith("bob on nopass ~b* +@all -del");
    const caller = await node.connect();
    await caller.ask("AUTH", "bob", "x");
    const aborted = await caller.askAll("MULTI", "SET b 1", "DEL b", "EXEC", "EXISTS b");
    expect(aborted.slice(2)).to.deep.equal([
      `-"NOPERM this user has no permissions to run the 'del' command"`,
      '-"EXECABORT Transaction discarded because of previous errors."',
      "0",
    ]);
    await caller.askAll("MULTI", "SET b 1", "INCR b", "GET b");
    await node.call("ACL", "SETUSER", "bob", "-incr");
    expect(await caller.ask("EXEC")).to.match(/^\[OK -"NOPERM ACLs rules changed .*subcommand" "1"\]$/);
  });

  it("may change their own rules within a transaction, by which the rest of it is judged", async () => {
    const node = await nodeWith("bob on nopass ~* +@all");
    const caller = await node.connect();
    await caller.ask("AUTH", "bob", "x");
    const replies = await caller.askAll(
      "MULTI",
      "SET k 1",
      "ACL SETUSER bob -set",
      "SET k 2",
      "GET k",
      "EXEC",
    );
    expect(replies.at(-1)).to.match(/^\[OK OK -"NOPERM ACLs rules changed .*" "1"\]$/);
  });

  it("have names of any bytes, which CLIENT LIST tells as they are", async () => {
    const node = await nodeWith();
    const caller = await node.connect();
    const name = Buffer.from("j\xc3\xb6rg\xff", "latin1");
    await caller.ask("ACL", "SETUSER", name, "on", "nopass", "+@all");
    await caller.ask("AUTH", name, "x");
    for (const version of ["2", "3"]) {
      await caller.ask("HELLO", version);
      expect(await caller.ask("CLIENT", "INFO")).to.include(" user=j\\xc3\\xb6rg\\xff ");
    }
  });

  it("are told by EXEC itself if they may not use it, and the transaction is over", async () => {
    const node = await nodeWith("bob on nopass ~* +@all -exec");
    const caller = await node.connect();
    const replies = await caller.askAll("AUTH bob x", "MULTI", "SET k 1", "EXEC", "DISCARD");
    expect(replies[3]).to.equal(
      `-"EXECABORT Transaction discarded because of: NOPERM this user has no permissions to run the 'exec' command"`,
    );
    expect(replies[4]).to.equal('-"ERR DISCARD without MULTI"');
  });

  it("that are deleted lose what is not yet executed, and what they watch and monitor", async () => {
    const node = await nodeWith("bob on nopass ~* +@all");
    const [caller, monitor] = [await node.connect(), await node.connect()];
    await caller.askAll("AUTH bob x", "MULTI", "SET k 1");
    await monitor.askAll("AUTH bob x", "MONITOR");
    expect(await node.call("ACL", "DELUSER", "bob")).to.equal(1);
    caller.send("EXEC");
    await caller.readToEnd();
    await monitor.readToEnd();
    expect(await node.call("EXISTS", "k")).to.equal(0);
    expect(await node.call("ACL", "SETUSER", "bob", "on", "nopass")).to.equal("OK");
    expect(await (await node.connect()).ask("AUTH", "bob", "x")).to.equal("OK");
  });

  it("that delete themselves are replied to, and nothing behind it is executed", async () => {
    const node = await nodeWith("bob on nopass ~* +@all");
    const caller = await node.connect();
    await caller.ask("AUTH", "bob", "x");
    caller.send("ACL", "DELUSER", "bob");
    caller.send("SET", "k", "1");
    expect(await caller.readToEnd()).to.deep.equal(["1"]);
    expect(await node.call("EXISTS", "k")).to.equal(0);
  });

  describe("who listen to channels", () => {
    async function listening(node: SimNode, user: string, ...subscribe: string[]): Promise<SimCaller> {
      const caller = await node.connect();
      expect(await caller.ask("HELLO", "3", "AUTH", user, "x")).to.include('"proto"');
      await caller.ask(...subscribe);
      return caller;
    }

    it("are disconnected when they lose one, whichever way they subscribed", async () => {
      const node = await nodeWith("bob on nopass +@all &a &a* &b");
      const losing = [
        await listening(node, "bob", "SUBSCRIBE", "a1"),
        await listening(node, "bob", "PSUBSCRIBE", "a*"),
        await listening(node, "bob", "SSUBSCRIBE", "a2"),
      ];
      const keeping = [
        await listening(node, "bob", "SUBSCRIBE", "a"),
        await listening(node, "bob", "PSUBSCRIBE", "b"),
        await listening(node, "bob", "SSUBSCRIBE", "b"),
        await listening(node, "default", "SUBSCRIBE", "a1"),
      ];
      // Selectors count together, whatever commands they allow.
      await node.call("ACL", "SETUSER", "bob", "resetchannels", "&a", "(&b +get)");
      for (const caller of losing) await caller.readToEnd();
      for (const caller of keeping) expect(await caller.ask("PING")).to.equal("PONG");
      expect(await node.call("PUBLISH", "a1", "x")).to.equal(1);
    });

    it("stay while they lose nothing, also what they have from when they were somebody else", async () => {
      const node = await nodeWith("bob on nopass +@all", "eve on nopass +@all &e");
      const caller = await listening(node, "default", "SUBSCRIBE", "a");
      expect(await caller.ask("AUTH", "bob", "x")).to.equal("OK");
      await node.call("ACL", "SETUSER", "bob", "-get", "&b");
      await node.call("ACL", "SETUSER", "eve", "resetchannels");
      await node.call("CONFIG", "SET", "requirepass", "new");
      expect(await caller.ask("PING")).to.equal("PONG");
      await node.call("ACL", "SETUSER", "bob", "resetchannels", "&c");
      await caller.readToEnd();
    });

    it("are replied to before, if it is they who take it from themselves, and nothing behind it is executed", async () => {
      const node = await nodeWith("bob on nopass ~* +@all &a");
      const caller = await listening(node, "bob", "SUBSCRIBE", "a");
      caller.send("ACL", "SETUSER", "bob", "resetchannels");
      caller.send("SET", "k", "1");
      expect(await caller.readToEnd()).to.deep.equal(["OK"]);
      expect(await node.call("EXISTS", "k")).to.equal(0);
    });

    it("are replied to by EXEC, if it takes it from them", async () => {
      const node = await nodeWith("bob on nopass ~* +@all &a");
      const caller = await listening(node, "bob", "SUBSCRIBE", "a");
      for (const command of ["MULTI", "ACL SETUSER bob resetchannels", "GET k", "EXEC"]) {
        caller.send(...command.split(" "));
      }
      expect((await caller.readToEnd()).at(-1)).to.equal("[OK _]");
    });
  });

  it("are what CLIENT LIST and CLIENT KILL know connections by", async () => {
    const node = await nodeWith("bob on nopass +@all");
    const [bob, other] = [await node.connect(), await node.connect()];
    await bob.ask("AUTH", "bob", "x");
    expect(await other.ask("CLIENT", "LIST")).to.match(/user=bob .*user=default /);
    expect(await node.call("CLIENT", "KILL", "USER", "bob")).to.equal(1);
    await bob.readToEnd();
    expect(await other.ask("PING")).to.equal("PONG");
  });

  it("are hidden in the slow log, whatever is said of them", async () => {
    const node = await nodeWith();
    await node.call("CONFIG", "SET", "slowlog-log-slower-than", 0);
    await node.call("ACL", "SETUSER", "bob", ">secret");
    await node.call("ACL", "GETUSER", "bob");
    const log = JSON.stringify(await node.call("SLOWLOG", "GET"));
    expect(log).to.include('"ACL","SETUSER","(redacted)","(redacted)"').and.not.include("secret");
  });

  it("leave a trace in ACL LOG: the same again within a minute counts once more", async () => {
    const node = await nodeWith("bob on nopass +@all -get");
    const caller = await node.connect();
    await caller.askAll("AUTH bob x", "GET a", "GET b");
    await node.world.advance(30_000);
    await caller.ask("GET", "c");
    const countsOf = async () => ((await node.call("ACL", "LOG")) as unknown[][]).map((entry) => entry[1]);
    expect(await countsOf()).to.deep.equal([3]);
    await node.world.advance(61_000);
    await caller.ask("GET", "c");
    expect(await countsOf()).to.deep.equal([1, 3]);
    const [latest] = (await node.call("ACL", "LOG", 1)) as unknown[][];
    expect(latest?.slice(2, 10)).to.deep.equal([
      "reason",
      "command",
      "context",
      "toplevel",
      "object",
      "get",
      "username",
      "bob",
    ]);
    expect(await node.call("ACL", "LOG", "RESET")).to.equal("OK");
    expect(await countsOf()).to.deep.equal([]);
  });

  it("leave no more than the beginning of long keys in ACL LOG", async () => {
    const node = await nodeWith("bob on nopass +@all");
    const caller = await node.connect();
    await caller.ask("AUTH", "bob", "x");
    await caller.ask("GET", "k".repeat(100_000));
    const [entry] = (await node.call("ACL", "LOG")) as string[][];
    expect(entry?.[7]).to.equal(`${"k".repeat(1024)}...`);
  });

  it("need no password where default needs none, and lose no place when it does", async () => {
    const node = await SimNode.alone({ requirepass: "secret" });
    const stranger = await node.connect();
    expect(await stranger.ask("PING")).to.match(/^-"NOAUTH /);
    await node.call("ACL", "SETUSER", "default", "nopass");
    expect(await stranger.ask("PING")).to.equal("PONG");
    // It has never logged in: HELLO says so, and a new password keeps it out again.
    expect(await stranger.ask("HELLO")).to.match(/^-"NOAUTH HELLO must be called/);
    await node.call("CONFIG", "SET", "requirepass", "other");
    expect(await stranger.ask("PING")).to.match(/^-"NOAUTH /);
    expect(await stranger.ask("AUTH", "other")).to.equal("OK");
  });

  it("open a node in protected mode to others only if default needs a password", async () => {
    const node = await SimNode.alone({ protectedMode: "yes" });
    expect((await (await node.connect()).readToEnd())[0]).to.match(/^-"DENIED /);
    await node.call("ACL", "SETUSER", "default", ">secret");
    expect(await (await node.connect()).ask("AUTH", "secret")).to.equal("OK");
  });

  describe("inside the process", () => {
    it("are nobody, for whom no rules hold", async () => {
      const node = await SimNode.alone({ requirepass: "secret" });
      await node.call("ACL", "SETUSER", "default", "off", "nocommands", "resetkeys");
      expect(await node.call("ACL", "WHOAMI")).to.equal(null);
      expect(await node.call("SET", "k", "1")).to.equal("OK");
    });

    it("are who they log in as in sessions of their own, until RESET", async () => {
      const node = await nodeWith("bob on >pw ~b* +@all");
      const session = node.running.client.session();
      const call = (...args: string[]) =>
        node.world.complete(session.call(args).catch((error: Error) => `-${error.message}`));
      expect(await call("AUTH", "bob", "no")).to.match(/^-WRONGPASS /);
      expect(await call("ACL", "WHOAMI")).to.equal(null);
      expect(await call("AUTH", "bob", "pw")).to.equal("OK");
      expect(await call("ACL", "WHOAMI")).to.equal("bob");
      expect(await call("SET", "a", "1")).to.match(/^-NOPERM /);
      expect(await call("RESET")).to.equal("RESET");
      expect(await call("ACL", "WHOAMI")).to.equal(null);
      expect(await call("SET", "a", "1")).to.equal("OK");
    });
  });

  describe("of the configuration", () => {
    const CONF = "/etc/redis.conf";

    /** A node that CONFIG REWRITE has a file for. */
    async function nodeOf(users: string, requirepass = ""): Promise<SimNode> {
      const world = worldOf(1);
      await world.complete(world.host("node").files.replaceText(CONF, "# users\nuser alice on\nhz 10\n"));
      return SimNode.start(world, { config: { users, requirepass }, configFile: CONF });
    }

    async function rewritten(node: SimNode): Promise<string> {
      expect(await node.call("CONFIG", "REWRITE")).to.equal("OK");
      return node.world.complete(node.host.files.readText(CONF));
    }

    it("are there from the start, default begun anew", async () => {
      const node = await nodeOf(
        'alice on ">two words" ~* +@all (~x +get)\ndefault on nopass +ping',
        "secret",
      );
      expect(await node.call("ACL", "LIST")).to.deep.equal([
        "user alice on #a03f1d611645eb53ad16c1af546ca0792dc884505bab57ede80f4dad6b911d3a ~* resetchannels +@all (~x resetchannels -@all +get)",
        "user default on nopass sanitize-payload resetchannels -@all +ping",
      ]);
    });

    it("stop the start if they make no sense, without a word of passwords", async () => {
      const refusalOf = async (users: string) =>
        ((await nodeOf(users).catch((error: Error) => error)) as Error).message;
      expect(await refusalOf("alice on +nosuch")).to.equal(
        "user 'alice': '+nosuch': Unknown command or category name in ACL",
      );
      expect(await refusalOf("alice <secret")).to.equal(
        "user 'alice': The password you are trying to remove from the user does not exist",
      );
      expect(await refusalOf("alice (+get")).to.equal("user 'alice': unmatched parenthesis at '(+get'");
      expect(await refusalOf('"a b" on')).to.equal("user 'a b': a name cannot contain spaces");
      expect(await refusalOf("a on\na off")).to.match(/A user can only be defined once in config files$/);
    });

    it("are written into the file as they are, and made again from it", async () => {
      const node = await nodeOf("alice on >pw ~a* +@all -@dangerous\nbob off");
      await node.call("ACL", "SETUSER", "bob", '(~b") +get)', "%RW~*", "%R~käse");
      await node.call("ACL", "DELUSER", "alice");
      const text = await rewritten(node);
      expect(text).to.match(/^# users\nuser bob off .*\nuser default on nopass ~\* &\* \+@all\nhz 10\n/);
      const again = await nodeOf(
        text
          .split("\n")
          .filter((line) => line.startsWith("user "))
          .map((line) => line.slice("user ".length))
          .join("\n"),
      );
      const listed = (await node.call("ACL", "LIST")) as string[];
      expect(await again.call("ACL", "LIST")).to.deep.equal(
        listed.map((line) => line.replace("default on nopass", "default on nopass sanitize-payload")),
      );
    });

    it("leave the file when there are none but default, as the options say it is", async () => {
      const node = await nodeOf("alice on", "secret");
      await node.call("ACL", "DELUSER", "alice");
      expect(await rewritten(node)).to.equal(
        "# users\nhz 10\n\n# Generated by CONFIG REWRITE\nbind 0.0.0.0\nprotected-mode no\nrequirepass secret\nenable-debug-command yes\n",
      );
    });

    it("are not written if they are not UTF-8, since the file would not say the same", async () => {
      const node = await nodeOf("alice on");
      const session = node.running.client.session();
      await node.world.complete(session.call(["ACL", "SETUSER", "alice", Buffer.from("~\xff", "latin1")]));
      expect(await node.call("CONFIG", "REWRITE")).to.equal(
        "-ERR Rewriting config file: user 'alice' has a name or a pattern that is not UTF-8: keep users in 'aclfile'",
      );
    });
  });
});
