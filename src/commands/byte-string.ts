/** Text that is bytes, one character each (latin1), as a reply: names and patterns that clients gave need not be Unicode. */
import type { ReplyWriter } from "../protocol/reply-writer.js";

export function writeByteString(reply: ReplyWriter, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  reply.bulk(bytes, 0, bytes.length);
}
