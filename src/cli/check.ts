/** `torus check`: tells what of a data directory can be read, and repairs what cannot. */
import type { Command } from "commander";
import { inspect } from "../durability/inspection.js";
import { repair } from "../durability/repair.js";
import { createNodeHost } from "../host/node/node-host.js";
import { failWith } from "../host/node/process.js";
import { say } from "./terminal.js";

export function declareCheck(program: Command): void {
  program
    .command("check")
    .description("tell what of a data directory can be read; no node may be running on it")
    .argument("<directory>", "the data directory")
    .option(
      "--repair",
      "keep all that can be read, as a new snapshot, and move damaged files into a directory of their own",
    )
    .action((directory: string, { repair: repairs = false }: { repair?: boolean }) =>
      check(directory, repairs),
    );
}

async function check(directory: string, repairs: boolean): Promise<void> {
  const host = createNodeHost({ log: { level: "warn", format: "text" } });
  // The lock would make a file, and complain of that one, if the directory is not there.
  await host.disk.list(directory);
  const lock = await host.disk.lock(directory);
  try {
    const findings = await inspect(host, directory);
    for (const { name, bytes, says } of findings.files) say(`${name}  ${bytes} bytes  ${says}`);
    for (const remark of findings.remarks) say(remark);
    for (const problem of findings.problems) say(`PROBLEM  ${problem}`);
    if (findings.problems.length === 0) {
      say(`a node can start from here, and finds ${findings.contents}`);
    } else if (repairs) {
      for (const line of await repair(host, directory)) say(line);
    } else {
      failWith(
        "torus: a node refuses to start from here. --repair keeps what can be read and sets the rest aside",
      );
    }
  } finally {
    await lock.release();
    host.log.close();
  }
}
