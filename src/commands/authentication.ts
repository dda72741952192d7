/** Who may use the connection. There is one user, `default`, with the password of the option `requirepass`. */
import { ReplyError, WRONG_PASSWORD } from "../protocol/reply-error.js";
import type { SessionCall } from "./session.js";

const USER = Buffer.from("default");

/** Logs the connection in with the name and the password in two arguments. A failure leaves it as it was. */
export function authenticate(call: SessionCall, user: number, password: number): void {
  const { requirepass } = call.config.current;
  const isRight = requirepass === "" || equalsSecret(call, password, Buffer.from(requirepass));
  if (!isRight || !USER.equals(call.copy(user))) throw new ReplyError(WRONG_PASSWORD);
  call.session.authenticated = true;
}

/** The same for `AUTH password`, which says no name. */
export function authenticateDefaultUser(call: SessionCall, password: number): void {
  const { requirepass } = call.config.current;
  if (requirepass === "") {
    throw new ReplyError(
      "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
    );
  }
  if (!equalsSecret(call, password, Buffer.from(requirepass))) throw new ReplyError(WRONG_PASSWORD);
  call.session.authenticated = true;
}

/** Looks at every byte whichever differ, so that the time taken tells nothing of how many were right. */
function equalsSecret(call: SessionCall, index: number, secret: Buffer): boolean {
  const given = call.copy(index);
  let difference = given.length ^ secret.length;
  for (const [i, byte] of given.entries()) difference |= byte ^ secret[i % secret.length]!;
  return difference === 0;
}
