import { expect } from "chai";
import { CommandRunner } from "../support/command-runner.js";
import { smallKeyspace } from "../support/small-keyspace.js";

const REFUSED = '-"ERR the reply would be larger than 1 GiB"';

describe("list commands", () => {
  for (const keepTombstones of [false, true]) {
    const where = keepTombstones ? "where removed elements leave marks" : "where nothing is left of them";

    it(`change nothing if the reply is refused, ${where}`, () => {
      const commands = new CommandRunner(smallKeyspace({ keepTombstones }), {}, 300);
      const letters = Array.from({ length: 60 }, (_, i) => String.fromCharCode(65 + i));
      const numbers = Array.from({ length: 60 }, (_, i) => `${i + 1000}`);
      const [long, short] = ["x".repeat(400), "y".repeat(250)];
      commands.run("RPUSH", "letters", ...letters);
      commands.run("RPUSH", "numbers", ...numbers);
      commands.run("RPUSH", "long", long, short);
      const { dirty } = commands.keyspace;
      for (const command of [
        ["LPOP", "letters", 59],
        ["RPOP", "letters", 60],
        ["LPOP", "numbers", 59],
        ["RPOP", "numbers", 60],
        ["LMPOP", 2, "absent", "letters", "LEFT", "COUNT", 59],
        ["LPOP", "long"],
        ["LMOVE", "long", "letters", "LEFT", "RIGHT"],
        ["LMOVE", "long", "long", "LEFT", "RIGHT"],
        ["LMOVE", "long", "long", "LEFT", "LEFT"],
        ["LRANGE", "numbers", 0, -1],
      ]) {
        expect(commands.run(...command), command.join(" ")).to.equal(REFUSED);
      }
      expect(commands.keyspace.dirty).to.equal(dirty);
      letters.forEach((letter, i) => {
        expect(commands.run("LINDEX", "letters", i)).to.equal(JSON.stringify(letter));
      });
      expect(commands.run("LLEN", "letters")).to.equal("60");
      expect(commands.run("LLEN", "numbers")).to.equal("60");
      expect(commands.run("LINDEX", "long", 1)).to.equal(JSON.stringify(short));
      expect(commands.run("LLEN", "long")).to.equal("2");
    });
  }
});
