/** Which modules a source names, in whichever way it names them. */
import { codeOf, type Token } from "./source-tokens.js";

export interface Import {
  /** As written: `../base/glob.js`, `node:fs`. Undefined if it is computed when the program runs. */
  readonly specifier: string | undefined;
  readonly line: number;
}

/** Static, type-only, side-effect, dynamic and re-exporting imports, `import("x")` types and `require`. */
export function importsOf(tokens: readonly Token[]): Import[] {
  const code = codeOf(tokens);
  const imports: Import[] = [];
  for (const [at, token] of code.entries()) {
    if (token.kind !== "word" || code[at - 1]?.text === "." || code[at - 1]?.text === "?.") continue;
    const next = code[at + 1];
    if (token.text === "import" && next?.text !== "." && next?.text !== ":") {
      // `import a = require("x")`: the word `require` speaks for it.
      if (code[at + 2]?.text === "=" || code[at + 3]?.text === "=") continue;
      const specifier = next?.text === "(" ? literal(code, at + 2) : clauseSpecifier(code, at + 1);
      imports.push({ specifier, line: token.line });
    } else if (token.text === "require" && next?.text === "(") {
      imports.push({ specifier: literal(code, at + 2), line: token.line });
    } else if (token.text === "export") {
      const start = next?.text === "type" ? at + 2 : at + 1;
      if (code[start]?.text !== "*" && code[start]?.text !== "{") continue;
      const specifier = clauseSpecifier(code, start);
      if (specifier !== undefined) imports.push({ specifier, line: token.line });
    }
  }
  return imports;
}

/** The module named by an import or export clause that begins at `start`: the first string outside of its braces. */
function clauseSpecifier(code: readonly Token[], start: number): string | undefined {
  let depth = 0;
  for (let at = start; at < code.length; at++) {
    const { kind, text, value } = code[at]!;
    if (text === "{") depth++;
    else if (text === "}" && depth-- === 1 && !["from", ","].includes(code[at + 1]?.text ?? ""))
      return undefined;
    else if (kind === "string" && depth === 0) return value;
    else if (text === ";" && depth === 0) return undefined;
  }
  return undefined;
}

/** A string that stands alone as an argument. */
function literal(code: readonly Token[], at: number): string | undefined {
  const token = code[at];
  const end = code[at + 1]?.text;
  const isPlain = token?.kind === "string" || (token?.kind === "template" && token.text.endsWith("`"));
  return isPlain && (end === ")" || end === ",") ? token.value : undefined;
}
