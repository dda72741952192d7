/**
 * A TypeScript source as a list of tokens, so that rules about code are not fooled by comments and strings, and rules
 * about comments not by code. The scanner is TypeScript's own; only what a parser would know must be guessed here:
 * whether a slash begins a regular expression, and where the pieces of a template resume.
 */
import { SyntaxKind } from "typescript/unstable/ast";
import { createScanner, tokenIsIdentifierOrKeyword } from "typescript/unstable/ast/scanner";

export type TokenKind = "word" | "string" | "template" | "regexp" | "number" | "comment" | "punctuation";

export interface Token {
  readonly kind: TokenKind;
  /** As written in the source. */
  readonly text: string;
  /** The text of a string or template piece without quotes and escapes; else the same as `text`. */
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Words after which a slash begins a regular expression; after any other word it divides. */
const wordsBeforeExpression = new Set(
  "return typeof instanceof in of new delete void throw case do else yield await".split(" "),
);

export function tokensOf(text: string): Token[] {
  // The line that makes a file executable is no TypeScript.
  const source = text.replace(/^#!.*/, "");
  const scanner = createScanner(false, undefined, source);
  const tokens: Token[] = [];
  /** How many braces are open since the start of each template substitution that we are in. */
  const substitutions: number[] = [];
  let previous: Token | undefined;
  let line = 1;
  let counted = 0;
  for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFile; kind = scanner.scan()) {
    if (kind === SyntaxKind.WhitespaceTrivia || kind === SyntaxKind.NewLineTrivia) continue;
    if (kind === SyntaxKind.SlashToken || kind === SyntaxKind.SlashEqualsToken) {
      if (!endsExpression(previous)) kind = scanner.reScanSlashToken();
    } else if (kind === SyntaxKind.OpenBraceToken && substitutions.length > 0) {
      substitutions[substitutions.length - 1]! += 1;
    } else if (kind === SyntaxKind.CloseBraceToken && substitutions.length > 0) {
      if (substitutions.at(-1) === 0) {
        kind = scanner.reScanTemplateToken(false);
        substitutions.pop();
      } else {
        substitutions[substitutions.length - 1]! -= 1;
      }
    }
    if (kind === SyntaxKind.TemplateHead || kind === SyntaxKind.TemplateMiddle) substitutions.push(0);
    const start = scanner.getTokenStart();
    for (; counted < start; counted++) if (source[counted] === "\n") line++;
    const token = { kind: kindOf(kind), text: scanner.getTokenText(), value: scanner.getTokenText(), line };
    if (token.kind === "string" || token.kind === "template") token.value = scanner.getTokenValue();
    tokens.push(token);
    if (token.kind !== "comment") previous = token;
  }
  return tokens;
}

/** The tokens that the compiler acts on. */
export function codeOf(tokens: readonly Token[]): Token[] {
  return tokens.filter(({ kind }) => kind !== "comment");
}

function endsExpression(token: Token | undefined): boolean {
  if (!token) return false;
  if (token.kind === "word") return !wordsBeforeExpression.has(token.text);
  if (token.kind === "template") return token.text.endsWith("`");
  return token.kind !== "punctuation" || [")", "]", "}", "++", "--"].includes(token.text);
}

function kindOf(kind: SyntaxKind): TokenKind {
  switch (kind) {
    case SyntaxKind.SingleLineCommentTrivia:
    case SyntaxKind.MultiLineCommentTrivia:
      return "comment";
    case SyntaxKind.StringLiteral:
      return "string";
    case SyntaxKind.NoSubstitutionTemplateLiteral:
    case SyntaxKind.TemplateHead:
    case SyntaxKind.TemplateMiddle:
    case SyntaxKind.TemplateTail:
      return "template";
    case SyntaxKind.RegularExpressionLiteral:
      return "regexp";
    case SyntaxKind.NumericLiteral:
    case SyntaxKind.BigIntLiteral:
      return "number";
    default:
      return tokenIsIdentifierOrKeyword(kind) || kind === SyntaxKind.PrivateIdentifier
        ? "word"
        : "punctuation";
  }
}
