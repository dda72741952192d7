import { expect } from "chai";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { runProgram } from "../support/program.js";
import { needsProgram } from "../support/requirements.js";
import { onEveryServer } from "../support/servers.js";
import { connectTo, type Target } from "../support/target.js";

const NO_KEY = "NOPERM this user has no permissions to access one of the keys used as arguments";

/** What a client library is told when it connects must not be refused: the user is one that an application would have. */
const APPLICATION = ["on", ">app-secret", "~app:*", "resetchannels", "+@all", "-@dangerous", "+info"];

onEveryServer("users of client programs", (start) => {
  let target: Target;

  before(async () => {
    target = await start();
    const operator = await connectTo(target);
    await operator.call("ACL", "SETUSER", "app", ...APPLICATION);
    await operator.call("ACL", "SETUSER", "default", "off");
    await operator.close();
  });
  after(() => target?.close());

  it("log in through ioredis, and are told what they may not", async () => {
    const redis = new Redis({ port: target.address.port, username: "app", password: "app-secret" });
    try {
      expect(await redis.set("app:1", "x")).to.equal("OK");
      expect(await redis.call("ACL", "WHOAMI")).to.equal("app");
      expect(await redis.get("other").catch((error: Error) => error.message)).to.equal(NO_KEY);
      expect(await redis.keys("*").catch((error: Error) => error.message)).to.equal(
        "NOPERM this user has no permissions to run the 'keys' command",
      );
      const results = await redis.multi().set("app:2", "y").get("app:2").exec();
      expect(results?.map(([, value]) => value)).to.deep.equal(["OK", "y"]);
    } finally {
      redis.disconnect();
    }
  });

  for (const RESP of [2, 3] as const) {
    it(`log in through node-redis with RESP${RESP}`, async () => {
      const url = `redis://app:app-secret@127.0.0.1:${target.address.port}`;
      const redis = createClient({ url, RESP });
      await redis.connect();
      try {
        expect(await redis.set("app:3", "z")).to.equal("OK");
        expect(await redis.aclWhoAmI()).to.equal("app");
        expect(await redis.get("other").catch((error: Error) => error.message)).to.equal(NO_KEY);
      } finally {
        redis.destroy();
      }
    });
  }

  it("are turned away with a wrong password, or none", async () => {
    const redis = new Redis({
      port: target.address.port,
      username: "app",
      password: "wrong",
      lazyConnect: true,
      retryStrategy: () => null,
    });
    const problems: string[] = [];
    redis.on("error", ({ message }: Error) => problems.push(message));
    await redis
      .connect()
      .then(
        () => redis.ping(),
        () => undefined,
      )
      .catch((error: Error) => problems.push(error.message));
    redis.disconnect();
    expect(problems.join("\n")).to.match(/WRONGPASS invalid username-password pair or user is disabled/);
  });

  it("log in through redis-cli", async function () {
    await needsProgram(this, "redis-cli");
    const port = String(target.address.port);
    const said = async (...args: string[]) => {
      const run = await runProgram("redis-cli", ["-p", port, "--no-auth-warning", ...args]);
      return run.output + run.errors;
    };
    expect(await said("--user", "app", "--pass", "app-secret", "ACL", "WHOAMI")).to.equal("app\n");
    expect(await said("--user", "app", "--pass", "app-secret", "GET", "other")).to.equal(`${NO_KEY}\n\n`);
    expect(await said("--user", "app", "--pass", "no", "PING")).to.include("WRONGPASS");
    expect(await said("PING")).to.equal("NOAUTH Authentication required.\n\n");
  });
});
