/** Markup as text: every value that enters it is escaped here, and nowhere else. */

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Text that is markup already, as opposed to text that must be escaped. */
export interface Markup {
  readonly markup: string;
}

/** An element with its attributes (undefined ones are left out) and its children, strings being text. */
export function element(
  name: string,
  attributes: Attributes,
  ...children: readonly (string | Markup)[]
): Markup {
  const opening = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  const inside = joined(children).markup;
  return { markup: `<${name}${opening.join("")}>${inside}${voidElements.has(name) ? "" : `</${name}>`}` };
}

export function joined(children: readonly (string | Markup)[]): Markup {
  return {
    markup: children.map((child) => (typeof child === "string" ? escaped(child) : child.markup)).join(""),
  };
}

const voidElements: ReadonlySet<string> = new Set(["meta", "br"]);

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
