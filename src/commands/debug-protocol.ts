/** DEBUG PROTOCOL: a reply of each kind that the protocol has, for tests of clients. */
import { ReplyError } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";

const BIG_NUMBER = "1234567999999999999999999999999999999";
/** No more digits than these, which are not to be taken for a worse pi. */
const DOUBLE = 3141 / 1000;
const BEHIND_ATTRIBUTE = "Some real reply following the attribute";
const BEHIND_PUSH = "Some real reply following the push reply";
const ATTRIBUTE = "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n";

/** The values are those of Redis, which clients' tests expect. */
const REPLIES: Readonly<Record<string, (reply: ReplyWriter) => void>> = {
  string: (reply) => reply.bulkText("Hello World"),
  integer: (reply) => reply.integer(12_345),
  double: (reply) => reply.double(DOUBLE),
  bignum(reply) {
    if (reply.resp === 3) writeRaw(reply, `(${BIG_NUMBER}\r\n`);
    else reply.bulkText(BIG_NUMBER);
  },
  null: (reply) => reply.null(),
  array(reply) {
    reply.array(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  set(reply) {
    reply.set(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  map(reply) {
    reply.map(3);
    for (let i = 0; i < 3; i++) {
      reply.integer(i);
      reply.boolean(i === 1);
    }
  },
  attrib(reply) {
    if (reply.resp === 3) writeRaw(reply, ATTRIBUTE);
    reply.bulkText(BEHIND_ATTRIBUTE);
  },
  push(reply) {
    if (reply.resp === 2) throw new ReplyError("ERR RESP2 is not supported by this command");
    reply.push(2);
    reply.bulkText("server-cpu-usage");
    reply.integer(42);
    reply.bulkText(BEHIND_PUSH);
  },
  verbatim: (reply) => reply.verbatim("This is a verbatim\nstring", "txt"),
  true: (reply) => reply.boolean(true),
  false: (reply) => reply.boolean(false),
};

export function replyOfKind(reply: ReplyWriter, kind: string): void {
  const write = Object.hasOwn(REPLIES, kind) ? REPLIES[kind] : undefined;
  if (write === undefined) {
    const kinds = Object.keys(REPLIES).join("|");
    throw new ReplyError(`ERR Wrong protocol type name. Please use one of the following: ${kinds}`);
  }
  write(reply);
}

function writeRaw(reply: ReplyWriter, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  reply.raw(bytes, 0, bytes.length);
}
