/** Who uses the connection: AUTH and HELLO AUTH. */
import { ReplyError, WRONG_PASSWORD } from "../protocol/reply-error.js";
import { DEFAULT_USER } from "./acl/access-control.js";
import { noteDenial } from "./acl/denials.js";
import type { SessionCall } from "./session.js";

/** Logs the connection in with the name and the password in two arguments. A failure leaves it as it was. */
export function authenticate(call: SessionCall, name: number, password: number): void {
  logIn(call, call.text(name), call.text(password));
}

/** The same for `AUTH password`, which says no name. */
export function authenticateDefaultUser(call: SessionCall, password: number): void {
  if (call.node.access.defaultUser.rules.needsNoPassword) {
    throw new ReplyError(
      "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
    );
  }
  logIn(call, DEFAULT_USER, call.text(password));
}

function logIn(call: SessionCall, name: string, password: string): void {
  const user = call.node.access.authenticate(name, password);
  if (user === undefined) {
    noteDenial(call, { reason: "auth", object: call.text(0), username: name });
    throw new ReplyError(WRONG_PASSWORD);
  }
  call.session.logIn(user);
}
