import { expect } from "chai";
import { AccessControl, type AccessControlOptions, type User } from "#torus/commands/acl/access-control.js";
import { commands } from "#torus/commands/table.js";
import { makeConfig } from "#torus/config/config.js";
import { ConfigStore } from "#torus/config/config-store.js";
import { silentLog } from "../../host/silent-log.js";

/** Users with a file that takes as long to be read as the test says. */
function withSlowFile() {
  const reads: ((text: string) => void)[] = [];
  const files = {
    readText: () => new Promise<string>((resolve) => reads.push(resolve)),
    replaceText: () => Promise.reject(new Error("nobody saves")),
  };
  const access = new AccessControl({
    commands,
    config: new ConfigStore(makeConfig({ aclfile: "/users.acl" })),
    host: { files, log: silentLog } as unknown as AccessControlOptions["host"],
  });
  return { access, reads };
}

function namesOf(users: readonly User[] | string): string {
  return typeof users === "string" ? users : users.map(({ name }) => name).join(" ");
}

describe("ACL LOAD", () => {
  it("replaces who has come while the file was read, too", async () => {
    const { access, reads } = withSlowFile();
    access.set("early", []);
    const loading = access.load();
    access.set("late", []);
    access.delete(["early"]);
    reads[0]!("user new on\n");
    expect(namesOf(await loading)).to.equal("late");
    expect(namesOf(access.users)).to.equal("default new");
  });

  it("replaces the users of another one that began with it", async () => {
    const { access, reads } = withSlowFile();
    access.set("old", []);
    const [one, two] = [access.load(), access.load()];
    reads[0]!("user a on\n");
    expect(namesOf(await one)).to.equal("old");
    reads[1]!("user b on\n");
    expect(namesOf(await two)).to.equal("a");
    expect(namesOf(access.users)).to.equal("b default");
  });
});
