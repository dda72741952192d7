/** A command's arguments as people read them on its page: `key value [NX | XX] [EX seconds | KEEPTTL]`. */
import { type Argument, parseSyntax } from "./syntax.js";

/** `showValue` gives a value's name its look; by default it stands bare. */
export function synopsis(
  syntax: string | undefined,
  showValue: (name: string) => string = (name) => name,
): string {
  if (syntax === undefined) return "";
  return parseSyntax(syntax)
    .map((argument) => show(argument, showValue))
    .join(" ");
}

function show(argument: Argument, showValue: (name: string) => string): string {
  const { token, optional, multiple, multipleToken, type } = argument;
  const isPureToken = type === "pure-token";
  // A choice that is itself optional is parted from its neighbours by the brackets around it.
  const needsParentheses = type === "oneof" && (token !== undefined || optional === undefined || multiple);
  const plain = isPureToken ? token! : showParts(argument, showValue);
  const bare = needsParentheses ? `(${plain})` : plain;
  const once = token === undefined || isPureToken ? bare : `${token === "" ? '""' : token} ${bare}`;
  const repeated = !multiple
    ? once
    : type === "oneof"
      ? `${once} ...`
      : `${once} [${multipleToken ? once : bare} ...]`;
  return optional ? `[${repeated}]` : repeated;
}

function showParts({ name, type, arguments: parts }: Argument, showValue: (name: string) => string): string {
  if (parts === undefined) return showValue(name);
  return parts.map((part) => show(part, showValue)).join(type === "oneof" ? " | " : " ");
}
