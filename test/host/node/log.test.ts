import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { HostError } from "#torus/host/host-error.js";
import { createNodeLog, type LogFormat } from "#torus/host/node/log.js";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe("node log", () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "torus-"));
    file = join(directory, "log");
  });
  afterEach(() => rm(directory, { recursive: true }));

  const create = (format: LogFormat) => createNodeLog({ level: "info", format, file });
  const lines = async () => (await readFile(file, "utf8")).split("\n").slice(0, -1);

  it("writes a line of text an event: time, level, sentence, named values", async () => {
    const log = create("text");
    log.info("ready to accept connections", { port: 6379, protected: true });
    log.warn("could not read it", { path: "/a b", reason: undefined });
    log.close();
    const [first, second] = (await lines()).map((line) => line.split(" "));
    expect(first!.shift()).to.match(TIME);
    expect(first!.join(" ")).to.equal("info  ready to accept connections port=6379 protected=true");
    expect(second!.slice(1).join(" ")).to.equal('warn  could not read it path="/a b"');
  });

  it("writes the same as JSON for collectors", async () => {
    const log = create("json");
    log.error("it broke", { code: "EIO", count: 3 });
    log.close();
    const { time, ...rest } = JSON.parse((await lines())[0]!) as Record<string, unknown>;
    expect(time).to.match(TIME);
    expect(rest).to.deep.equal({ level: "error", pid: process.pid, code: "EIO", count: 3, msg: "it broke" });
  });

  it("lets no text break out of its line", async () => {
    const log = create("text");
    log.info("one\ntwo\x1b[31m", { name: "three\nfour" });
    log.close();
    expect(await lines()).to.have.length(1);
    expect((await lines())[0])
      .to.contain("one\\u000atwo\\u001b[31m")
      .and.contain('"three\\nfour"');
  });

  it("drops what is below its level, which may change at any time", async () => {
    const log = create("text");
    log.debug("hidden");
    log.level = "debug";
    log.debug("shown");
    log.level = "silent";
    log.error("hidden");
    log.close();
    log.level = "debug";
    log.error("after close");
    expect((await lines()).map((line) => line.slice(-6))).to.deep.equal([" shown"]);
  });

  it("writes at once when many lines wait", async () => {
    const log = create("text");
    for (let count = 0; count < 1500; count++) log.info("again", { count });
    const written = await lines();
    log.close();
    expect(written).to.have.length(1500);
    expect(written[1499]).to.contain("count=1499");
  });

  it("loads pino after the start, and loses no line of a process that ends before", async () => {
    const script = `
      import { createNodeLog } from "#torus/host/node/log.js";
      const log = createNodeLog({ level: "info", format: "text" });
      log.info("first");
      log.warn("last");
      process.exit(3);`;
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    const { code, stdout } = (await run.catch((error: unknown) => error)) as { code: number; stdout: string };
    expect(code).to.equal(3);
    expect(stdout).to.match(/info {2}first\n.*warn {2}last\n$/);
  });

  it("says at once that its file cannot be opened", () => {
    file = join(directory, "none", "log");
    expect(() => create("text"))
      .to.throw(HostError)
      .with.property("code", "ENOENT");
  });
});
