/** The value of `join`: where a node looks for members of its cluster. */
import type { OptionType } from "./option.js";
import { bad } from "./option-types.js";

export interface SeedAddress {
  readonly host: string;
  /** A cluster port. */
  readonly port: number;
}

const SEEDS_MAX = 64;
const PORT_DEFAULT = 16379;
/** `host`, `host:port`, `[address]:port`; an IPv6 address with a port needs its brackets. */
const FORM = /^(?:\[([0-9a-f:.%]+)\]|([0-9a-z._-]+))(?::([0-9]{1,5}))?$|^([0-9a-f]*:[0-9a-f:.%]*)$/i;

export function seedAddresses(): OptionType<readonly SeedAddress[]> {
  return {
    placeholder: "addresses",
    range: `up to ${SEEDS_MAX} addresses, host:port`,
    isList: true,
    parse(text) {
      const seeds: SeedAddress[] = [];
      for (const word of text.split(/[ ,]/).filter((part) => part !== "")) {
        const seed = parseSeed(word);
        if (seed === undefined) return bad(`'${word}' is not an address of the form host:port`);
        seeds.push(seed);
      }
      if (seeds.length > SEEDS_MAX) return bad(`more than ${SEEDS_MAX} addresses`);
      return { ok: true, value: seeds };
    },
    format: (seeds) => seeds.map(formatSeed).join(" "),
    formatLines: (seeds) => [seeds.length === 0 ? '""' : seeds.map(formatSeed).join(" ")],
  };
}

/** `host:port`; undefined if the text is not of that form. */
export function parseSeed(text: string): SeedAddress | undefined {
  const [, bracketed, name, digits, address] = FORM.exec(text) ?? [];
  const host = bracketed ?? name ?? address;
  const port = digits === undefined ? PORT_DEFAULT : Number(digits);
  return host === undefined || port < 1 || port > 65535 ? undefined : { host, port };
}

function formatSeed({ host, port }: SeedAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
