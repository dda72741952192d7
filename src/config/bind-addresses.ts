/** The value of `bind`: where the node listens for TCP clients. Redis's notation. */

import type { OptionType } from "./option.js";
import { bad } from "./option-types.js";

export interface BindAddress {
  /** An IPv4 or IPv6 address or a host name; `0.0.0.0` and `::` are all interfaces. */
  readonly host: string;
  /** Written with a leading `-`: it is no error if the machine does not have this address. */
  readonly optional: boolean;
}

/** More addresses than any machine sensibly listens on; Redis's limit too. */
const ADDRESSES_MAX = 16;

/** Addresses parted by spaces. `*` is every IPv4 interface, `-::*` every IPv6 one. No address: no TCP at all. */
export function bindAddresses(): OptionType<readonly BindAddress[]> {
  return {
    placeholder: "addresses",
    range: `up to ${ADDRESSES_MAX} addresses`,
    isList: true,
    parse(text) {
      const words = text.split(" ").filter((word) => word !== "");
      if (words.length > ADDRESSES_MAX) return bad("Too many bind addresses specified.");
      const malformed = words.find((word) => !/^-?(\*|::\*|[0-9a-z.:%_-]+)$/i.test(word) || word === "-");
      if (malformed !== undefined) return bad(`'${malformed}' is not an address`);
      return { ok: true, value: words.map(readAddress) };
    },
    format: (addresses) => addresses.map(writeAddress).join(" "),
    formatLines: (addresses) => [addresses.length === 0 ? '""' : addresses.map(writeAddress).join(" ")],
  };
}

function readAddress(word: string): BindAddress {
  const optional = word.startsWith("-");
  const host = optional ? word.slice(1) : word;
  if (host === "*") return { host: "0.0.0.0", optional };
  return { host: host === "::*" ? "::" : host, optional };
}

function writeAddress({ host, optional }: BindAddress): string {
  return optional ? `-${host}` : host;
}
