import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect } from "chai";
import { Connection, encodeCommand } from "../../bench/resp.js";

/** A connection to a server that says this to whatever it is asked, in pieces of one byte. */
async function connectionTo(answer: string, use: (connection: Connection) => Promise<void>): Promise<void> {
  const server = createServer((socket) => {
    socket.setNoDelay(true).on("data", () => {
      for (const byte of Buffer.from(answer, "latin1")) socket.write(Uint8Array.of(byte));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const connection = await Connection.open((server.address() as AddressInfo).port);
  try {
    await use(connection);
  } finally {
    connection.close();
    server.close();
  }
}

async function answerTo(answer: string): Promise<string> {
  let text = "";
  await connectionTo(answer, async (connection) => {
    text = await connection.call("PING");
  });
  return text;
}

describe("the RESP of the benchmark", () => {
  it("encodes a command as an array of bulk strings", () => {
    expect(encodeCommand(["SET", "k", ""])).to.equal("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n");
  });

  it("gives what was said as text, wherever it is cut", async () => {
    expect(await answerTo("+PONG\r\n")).to.equal("PONG");
    expect(await answerTo(":12\r\n")).to.equal("12");
    expect(await answerTo("$5\r\nhe\r\no\r\n")).to.equal("he\r\no");
    expect(await answerTo("$-1\r\n")).to.equal("");
  });

  it("gives lists as lists", () =>
    connectionTo("*2\r\n:1\r\n*1\r\n$1\r\na\r\n", async (connection) => {
      expect(await connection.ask("CLUSTER", "SLOTS")).to.deep.equal([1, ["a"]]);
    }));

  it("rejects with what an error says", async () => {
    const refusal = await answerTo("-ERR no\r\n").catch((error: unknown) => error);
    expect(refusal).to.be.an("error").with.property("message", "ERR no");
  });
});
