/** Names that clients give themselves: visible ASCII only, since CLIENT LIST puts them between spaces. */
import { ReplyError } from "../protocol/reply-error.js";
import type { SessionCall } from "./session.js";

const VISIBLE = /^[!-~]*$/;

/** CLIENT SETNAME and HELLO SETNAME. An empty name takes the name away. */
export function setClientName(call: SessionCall, index: number): void {
  call.session.name = visibleText(call, index, "Client names");
}

/** `what` begins the error's text. */
export function visibleText(call: SessionCall, index: number, what: string): string {
  const text = call.text(index);
  if (VISIBLE.test(text)) return text;
  throw new ReplyError(`ERR ${what} cannot contain spaces, newlines or special characters.`);
}
