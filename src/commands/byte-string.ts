/** Text that is bytes, one character each (latin1), as replies: names and patterns that clients gave need not be Unicode. */
import type { ReplyWriter } from "../protocol/reply-writer.js";

export function writeByteString(reply: ReplyWriter, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  reply.bulk(bytes, 0, bytes.length);
}

/** What Redis shows of text in messages: it ends with a zero byte. */
export function shownText(text: string): string {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}
