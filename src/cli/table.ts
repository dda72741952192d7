/** Tables for people: columns as wide as what is in them, two spaces apart. */
import { type Paint, plainLength } from "./paint.js";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand under each other by their last digit. */
  readonly isNumber?: boolean;
}

/** One line for the titles and one a row, without trailing space. Cells may be painted. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  paint: Paint,
): readonly string[] {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const titles = columns.map(({ title }) => title.toUpperCase());
  const widths = columns.map((_, at) =>
    Math.max(...[titles, ...cells].map((line) => plainLength(line[at]!))),
  );
  const lineOf = (line: readonly string[]) =>
    line
      .map((text, at) => {
        const padding = " ".repeat(widths[at]! - plainLength(text));
        return columns[at]!.isNumber === true ? padding + text : text + padding;
      })
      .join("  ")
      .trimEnd();
  return [lineOf(titles.map((title) => paint("faint", title))), ...cells.map(lineOf)];
}
