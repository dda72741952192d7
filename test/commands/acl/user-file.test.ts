import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { ConfigValues } from "#torus/config/config.js";
import { HostError } from "#torus/host/host-error.js";
import { notate } from "../../support/notation.js";
import { needsRedis, startRedis } from "../../support/redis-server.js";
import { SimNode } from "../../support/sim-node.js";
import { connectTo, REFERENCE_VERSION } from "../../support/target.js";
import { startTorus } from "../../support/torus-node.js";
import { worldOf } from "../../support/world.js";

const PATH = "/etc/users.acl";
const USERS =
  "user alice on >pw ~a* &news.* +@read -get\n" +
  "\r\n" +
  'user bob on nopass %R~b* resetchannels -@all +get +select|0 (~c +set) ("~\\xff" +get)  \r\n' +
  "user default on nopass sanitize-payload ~* &* +@all\n";

/** A node whose machine has a file of users. */
async function nodeWith(text: string, config: ConfigValues = {}): Promise<SimNode> {
  const world = worldOf(1);
  await world.complete(world.host("node").files.replaceText(PATH, text, "latin1"));
  return SimNode.start(world, { config: { aclfile: PATH, ...config }, configFile: "/etc/redis.conf" });
}

async function replace(node: SimNode, text: string): Promise<void> {
  await node.world.complete(node.host.files.replaceText(PATH, text, "latin1"));
}

function fileOf(node: SimNode): Promise<string> {
  return node.world.complete(node.host.files.readText(PATH, "latin1"));
}

async function usersOf(node: SimNode): Promise<unknown> {
  return node.call("ACL", "LIST");
}

describe("the file of users", () => {
  it("is read when the node starts", async () => {
    const node = await nodeWith(USERS);
    expect(await usersOf(node)).to.deep.equal([
      "user alice on #30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 ~a* resetchannels &news.* -@all +@read -get",
      Buffer.from(
        "user bob on nopass %R~b* resetchannels -@all +select|0 +get (~c resetchannels -@all +set) (~\xff resetchannels -@all +get)",
        "latin1",
      ),
      "user default on nopass sanitize-payload ~* &* +@all",
    ]);
  });

  it("must be there, whole and sound, or the node does not start", async () => {
    const failureOf = async (start: Promise<SimNode>) =>
      (await start.catch((error: Error) => error)) as Error;
    const missing = await failureOf(SimNode.start(worldOf(1), { config: { aclfile: PATH } }));
    expect(missing).to.have.property("name", "ConfigError");
    expect(missing.message).to.match(/^Error loading ACLs, opening file '\/etc\/users.acl': /);
    expect((await failureOf(nodeWith("user a on bogus"))).message).to.include(
      "/etc/users.acl:1: Syntax error. ",
    );
    const both = await failureOf(nodeWith(USERS, { users: "alice on" }));
    expect(both.message).to.equal("users stand in 'aclfile' or in lines that begin with 'user', not in both");
  });

  it("is not quoted where it may hold a secret, nor is a line of the configuration", async () => {
    for (const rule of ["#secret", "!secret", "<secret", "(+get >secret)", "(>secret", "(~a #secret"]) {
      const failure = await SimNode.start(worldOf(1), { config: { users: `alice ${rule}` } }).catch(String);
      expect(failure, rule).to.include("user 'alice': ").and.not.include("secret");
    }
  });

  it("comes back as it was when it is saved and loaded, and takes what nobody saved", async () => {
    const node = await nodeWith(USERS);
    const before = await usersOf(node);
    expect(await node.call("ACL", "SAVE")).to.equal("OK");
    const saved = await fileOf(node);
    await node.call("ACL", "SETUSER", "carol", "on");
    await node.call("ACL", "SETUSER", "alice", "+@all");
    expect(await node.call("ACL", "LOAD")).to.equal("OK");
    expect(await usersOf(node)).to.deep.equal(before);
    expect(await node.call("ACL", "SAVE")).to.equal("OK");
    expect(await fileOf(node)).to.equal(saved);
  });

  it("makes default anew if it does not say what that is", async () => {
    const node = await nodeWith(USERS);
    await node.call("ACL", "SETUSER", "default", ">secret", "-flushall");
    await replace(node, "user zoe on\n");
    expect(await node.call("ACL", "LOAD")).to.equal("OK");
    expect(await usersOf(node)).to.deep.equal([
      "user default on nopass ~* &* +@all",
      "user zoe on resetchannels -@all",
    ]);
  });

  it("is loaded wholly or not at all, wherever it ends too early", async () => {
    const node = await nodeWith(USERS);
    await node.call("ACL", "SETUSER", "default", ">secret");
    const before = await usersOf(node);
    const outcomes = new Set<string>();
    for (let end = 0; end < USERS.length; end++) {
      await replace(node, USERS.slice(0, end));
      const reply = await node.call("ACL", "LOAD");
      if (reply === "OK") {
        expect(await namesOf(node), String(end)).to.deep.equal(namesIn(USERS.slice(0, end)));
        await replace(node, USERS);
        await node.call("ACL", "LOAD");
        await node.call("ACL", "SETUSER", "default", ">secret");
      } else {
        expect(reply).to.match(/^-ERR .*WARNING: ACL errors detected, no change to the previously active/);
      }
      outcomes.add(reply === "OK" ? "loaded" : "refused");
      expect(await usersOf(node), String(end)).to.deep.equal(before);
    }
    expect([...outcomes]).to.have.members(["loaded", "refused"]);
  });

  it("is loaded wholly or not at all, whichever of its bytes is another one", async () => {
    const node = await nodeWith(USERS);
    const before = await usersOf(node);
    for (const [offset, byte] of [...Buffer.from(USERS, "latin1")].entries()) {
      for (const other of [0, byte ^ 1, 0x28, 0x20, 0x0a, 0xff]) {
        const damaged = `${USERS.slice(0, offset)}${String.fromCharCode(other)}${USERS.slice(offset + 1)}`;
        await replace(node, damaged);
        const reply = await node.call("ACL", "LOAD");
        if (reply === "OK") {
          expect(await namesOf(node)).to.deep.equal(namesIn(damaged));
          await replace(node, USERS);
          expect(await node.call("ACL", "LOAD")).to.equal("OK");
        }
        expect(await usersOf(node), `${offset}: ${other}`).to.deep.equal(before);
      }
    }
  });

  it("names all of its mistakes at once, and no password", async () => {
    const node = await nodeWith("");
    await replace(
      node,
      "user alice on >secret +nosuch ~* ~a\nUSER x\nuser\nuser alice\nuser a\tb\nuser b <secret (+get\nuser c <secret !0 (+@nosuch)\n# x",
    );
    expect(await node.call("ACL", "LOAD")).to.equal(
      "-ERR /etc/users.acl:1: Error in applying operation '+nosuch': Unknown command or category name in ACL. " +
        "/etc/users.acl:1: Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. " +
        "Try 'resetkeys' to start with an empty list of patterns. " +
        "/etc/users.acl:2 should start with user keyword followed by the username. " +
        "/etc/users.acl:3 should start with user keyword followed by the username. " +
        "WARNING: Duplicate user 'alice' found on line 4. " +
        "'/etc/users.acl:5: username 'a\tb' contains invalid characters. " +
        "/etc/users.acl:6: Unmatched parenthesis in selector definition." +
        "/etc/users.acl:7: The password you are trying to remove from the user does not exist. " +
        "/etc/users.acl:7: The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters. " +
        "/etc/users.acl:7: Error in applying operation '(+@nosuch)': Unknown command or category name in ACL. " +
        "/etc/users.acl:8 should start with user keyword followed by the username. " +
        "WARNING: ACL errors detected, no change to the previously active ACL rules was performed",
    );
  });

  it("ends the sessions of all users but default when it is loaded, that of the caller after its reply", async () => {
    const node = await nodeWith(USERS);
    const [alice, bob, anyone] = [await node.connect(), await node.connect(), await node.connect()];
    expect(await alice.ask("AUTH", "alice", "pw")).to.equal("OK");
    expect(await bob.ask("AUTH", "bob", "x")).to.equal("OK");
    await node.call("ACL", "SETUSER", "alice", "+acl");
    await replace(node, "user default off\nuser bob on nopass");
    alice.send("ACL", "LOAD");
    alice.send("PING");
    expect(await alice.readToEnd()).to.deep.equal(["OK"]);
    await bob.readToEnd();
    // It is let in already, by who default was.
    expect(await anyone.ask("PING")).to.match(/^-"NOPERM /);
    expect(await (await node.connect()).ask("PING")).to.match(/^-"NOAUTH /);
  });

  it("ends sessions also if the caller does not wait for the reply", async () => {
    const node = await nodeWith(USERS);
    const [bob, caller] = [await node.connect(), await node.connect()];
    expect(await bob.ask("AUTH", "bob", "x")).to.equal("OK");
    const session = node.running.client.session();
    void session.call(["ACL", "LOAD"]).catch(() => undefined);
    session.close();
    await bob.readToEnd();
    expect(await caller.ask("PING")).to.equal("PONG");
  });

  it("is waited for in no transaction, and missed where there is none", async () => {
    const node = await nodeWith(USERS);
    const caller = await node.connect();
    const replies = await caller.askAll("MULTI", "ACL LOAD", "ACL SAVE", "EXEC");
    expect(replies[3]).to.equal(
      '[-"ERR ACL LOAD is not allowed in a transaction" -"ERR ACL SAVE is not allowed in a transaction"]',
    );
  });

  it("that cannot be written is left alone, and whoever asked is told", async () => {
    const node = await nodeWith(USERS);
    node.host.files.replaceText = () =>
      Promise.reject(new HostError("EROFS", "the file system is read-only"));
    expect(await node.call("ACL", "SAVE")).to.equal(
      "-ERR There was an error trying to save the ACLs. Please check the server logs for more information",
    );
    expect(await fileOf(node)).to.equal(USERS);
  });

  describe("between Redis and a node", () => {
    const RULES: readonly (readonly string[])[] = [
      ["alice", "on", ">pw", "~a*", "%R~b", "&x", "+@all", "-@dangerous", "(%W~c* +set)"],
      ["bob", "nopass", "allkeys", "allchannels", "+@string", "+select|0", "skip-sanitize-payload"],
      ["käthe\xff", "on", '~"q"', "~\\", "-@all", "+get|x"],
    ];

    before(async function () {
      await needsRedis(this, REFERENCE_VERSION);
    });

    for (const [writer, reader] of [
      [startTorus, startRedis],
      [startRedis, startTorus],
    ] as const) {
      it(`says the same to ${reader === startRedis ? "Redis" : "the node"} that the other has written`, async () => {
        const directory = await mkdtemp(join(tmpdir(), "torus-users-"));
        const aclfile = join(directory, "users.acl");
        try {
          await writeFile(aclfile, "");
          const listed: string[] = [];
          for (const start of [writer, reader]) {
            const target = await start({ aclfile });
            const client = await connectTo(target);
            if (start === writer) {
              for (const rules of RULES) {
                const words = rules.map((rule) => Buffer.from(rule, "latin1"));
                expect(notate(await client.call("ACL", "SETUSER", ...words))).to.equal("OK");
              }
              expect(notate(await client.call("ACL", "SAVE"))).to.equal("OK");
            }
            listed.push(notate(await client.call("ACL", "LIST")));
            await client.close();
            await target.close();
          }
          expect(listed[1]).to.equal(listed[0]);
          expect((await readFile(aclfile, "latin1")).split("\n")).to.have.length(RULES.length + 2);
        } finally {
          await rm(directory, { recursive: true });
        }
      });
    }
  });
});

async function namesOf(node: SimNode): Promise<unknown> {
  const names = (await node.call("ACL", "USERS")) as (Buffer | string)[];
  return names.map((name) => Buffer.from(name).toString("latin1"));
}

/** What is behind the first word of each line, and default. */
function namesIn(text: string): string[] {
  const lines = text.split("\n").map((line) => line.replace(/^[ \t\r]+|[ \t\r]+$/g, ""));
  const names = lines.filter((line) => line !== "").map((line) => line.split(" ")[1]!);
  return [...new Set([...names, "default"])].sort();
}
