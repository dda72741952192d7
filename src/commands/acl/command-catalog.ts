/**
 * Commands as the rules of users name them. Each, and each subcommand, has a number, by which a selector keeps whether it is allowed.
 * It knows names and categories alone.
 */
import type { Command } from "../command.js";
import { allCommands, categoriesOf, type NamedCommand } from "../command-facts.js";

/** What rules may ask of a command. */
export interface CommandFact {
  /** In lower case; of a subcommand the whole name, `client|list`, behind its container's. */
  readonly name: string;
  /** Without the `@`. */
  readonly categories: readonly string[];
}

export interface CatalogEntry extends CommandFact {
  /** Less than the catalog's size. */
  readonly id: number;
  readonly isSubcommand: boolean;
  readonly subcommands: readonly CatalogEntry[];
}

export class CommandCatalog {
  /** Each followed by its subcommands; ids are indices. */
  readonly entries: readonly CatalogEntry[];
  readonly #entryByName: ReadonlyMap<string, CatalogEntry>;
  readonly #entriesByCategory = new Map<string, CatalogEntry[]>();

  constructor(facts: Iterable<CommandFact>) {
    const entryByName = new Map<string, CatalogEntry & { subcommands: CatalogEntry[] }>();
    for (const { name, categories } of facts) {
      const container = entryByName.get(name.slice(0, Math.max(name.indexOf("|"), 0)));
      const isSubcommand = container !== undefined;
      const entry = { id: entryByName.size, name, categories, isSubcommand, subcommands: [] };
      entryByName.set(name, entry);
      container?.subcommands.push(entry);
    }
    this.#entryByName = entryByName;
    this.entries = [...entryByName.values()];
    for (const entry of this.entries) {
      for (const category of entry.categories) {
        const entries = this.#entriesByCategory.get(category);
        if (entries === undefined) this.#entriesByCategory.set(category, [entry]);
        else entries.push(entry);
      }
    }
  }

  static of(commands: Iterable<Command>): CommandCatalog {
    return new CommandCatalog(
      Array.from(allCommands(commands), ({ name, command }) => ({ name, categories: categoriesOf(command) })),
    );
  }

  get size(): number {
    return this.entries.length;
  }

  /** By the whole name, in either case. */
  find(name: string): CatalogEntry | undefined {
    return this.#entryByName.get(name.toLowerCase());
  }

  /** The number of a command of the table that the catalog was made of. */
  idOf({ name }: Pick<NamedCommand, "name">): number {
    return this.#entryByName.get(name)!.id;
  }

  /** Those of a category, without the `@`. */
  ofCategory(category: string): readonly CatalogEntry[] {
    return this.#entriesByCategory.get(category) ?? [];
  }
}
