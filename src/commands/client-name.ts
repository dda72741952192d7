/** Names that clients give themselves: visible ASCII only, since CLIENT LIST puts them between spaces. */
import { ReplyError } from "../protocol/reply-error.js";
import type { SessionCall } from "./session.js";

const VISIBLE = /^[!-~]*$/;
/** CLIENT LIST tells the names of all clients at once. Redis has no limit. */
const NAME_BYTES_MAX = 4096;
/** For the reference page. */
export const NAMES_ARE_BOUNDED = "A name of more than 4,096 bytes is refused.";

/** CLIENT SETNAME and HELLO SETNAME. An empty name takes the name away. */
export function setClientName(call: SessionCall, index: number): void {
  call.session.name = visibleText(call, index, "Client names");
}

/** `what` begins the error's text. */
export function visibleText(call: SessionCall, index: number, what: string): string {
  if (call.length(index) > NAME_BYTES_MAX) {
    throw new ReplyError(`ERR ${what} cannot be longer than ${NAME_BYTES_MAX} bytes.`);
  }
  const text = call.text(index);
  if (VISIBLE.test(text)) return text;
  throw new ReplyError(`ERR ${what} cannot contain spaces, newlines or special characters.`);
}
