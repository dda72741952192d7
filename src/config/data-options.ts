/** The part of the table of options (options.ts) that is about databases and the forms of what is in them. */
import { option } from "./option.js";
import { integer, memory } from "./option-types.js";

const INT_MAX = 2 ** 31 - 1;
const VALUE_BYTES_MAX = 2 ** 29;

export const dataOptions = {
  databases: option(integer({ min: 1, max: 16, unit: "databases" }), {
    name: "databases",
    default: 16,
    mutable: false,
    doc: "How many databases SELECT can choose from, numbered from 0.",
    differs: "At most 16.",
  }),
  hashMaxListpackEntries: option(integer({ min: 0, max: INT_MAX, unit: "fields" }), {
    name: "hash-max-listpack-entries",
    aliases: ["hash-max-ziplist-entries"],
    default: 512,
    mutable: true,
    doc:
      "A hash with more fields leaves its packed form for a hash table. Higher saves memory; looking a field up in the packed form " +
      "takes time in proportion to their number.",
  }),
  hashMaxListpackValueBytes: option(memory({ min: 0, max: VALUE_BYTES_MAX }), {
    name: "hash-max-listpack-value",
    aliases: ["hash-max-ziplist-value"],
    default: 64,
    mutable: true,
    doc:
      "A hash with a longer field or value leaves its packed form for a hash table. Higher saves memory; every change " +
      "rewrites the packed form as a whole.",
  }),
  listMaxListpackSize: option(integer({ min: -5, max: INT_MAX, unit: "elements" }), {
    name: "list-max-listpack-size",
    aliases: ["list-max-ziplist-size"],
    default: -2,
    mutable: true,
    doc:
      "Elements of one block of a list, at most, if it is positive. Lower costs memory, and changes a list in its middle faster. Zero or below leaves it " +
      "to the length of a block, a kilobyte.",
    differs: "In Redis -1 to -5 choose between lengths of 4 to 64 kilobytes.",
  }),
  streamNodeMaxBytes: option(memory({ min: 0, max: INT_MAX }), {
    name: "stream-node-max-bytes",
    default: 4096,
    mutable: true,
    doc: "Bytes of one block of a stream, at most. A higher limit spares memory, and finding an entry takes longer; 0 leaves it to us.",
    differs: "Blocks of more than 8 kilobytes are not made.",
  }),
  streamNodeMaxEntries: option(integer({ min: 0, max: INT_MAX, unit: "entries" }), {
    name: "stream-node-max-entries",
    default: 100,
    mutable: true,
    doc: "Entries of one block of a stream, at most; 0 for no limit. What is trimmed off a stream with `~` are whole blocks.",
  }),
  setMaxIntsetEntries: option(integer({ min: 0, max: INT_MAX, unit: "members" }), {
    name: "set-max-intset-entries",
    default: 512,
    mutable: true,
    doc:
      "A set of nothing but integers stays packed, in ascending order, up to so many. Higher saves memory; looking a member up in " +
      "the packed form takes time in proportion to their number.",
  }),
  setMaxListpackEntries: option(integer({ min: 0, max: INT_MAX, unit: "members" }), {
    name: "set-max-listpack-entries",
    default: 128,
    mutable: true,
    doc:
      "A set with other members than integers stays packed up to so many. Higher saves memory; looking a member up in the packed " +
      "form takes time in proportion to their number.",
    differs:
      "Redis has it since 7.2; OBJECT ENCODING says `hashtable` of such sets, packed or not, as Redis 7.0 does.",
  }),
  hllSparseMaxBytes: option(memory({ min: 0, max: Number.MAX_SAFE_INTEGER }), {
    name: "hll-sparse-max-bytes",
    default: 3000,
    mutable: true,
    doc:
      "A HyperLogLog that would take more, its header of 16 bytes included, leaves its sparse form for the dense one of 12304 bytes. Higher saves " +
      "memory; adding to the sparse form takes time in proportion to its length.",
  }),
  setMaxListpackValueBytes: option(memory({ min: 0, max: VALUE_BYTES_MAX }), {
    name: "set-max-listpack-value",
    default: 64,
    mutable: true,
    doc:
      "A set with a longer member that is no integer leaves its packed form for a hash table. Higher saves memory; every change " +
      "rewrites the packed form as a whole.",
    differs: "Redis has it since 7.2.",
  }),
  zsetMaxListpackEntries: option(integer({ min: 0, max: INT_MAX, unit: "members" }), {
    name: "zset-max-listpack-entries",
    aliases: ["zset-max-ziplist-entries"],
    default: 128,
    mutable: true,
    doc:
      "A sorted set with more members leaves its packed form for a hash table and a tree. Higher saves memory; whatever is done with " +
      "the packed form takes time in proportion to their number.",
  }),
  zsetMaxListpackValueBytes: option(memory({ min: 0, max: VALUE_BYTES_MAX }), {
    name: "zset-max-listpack-value",
    aliases: ["zset-max-ziplist-value"],
    default: 64,
    mutable: true,
    doc:
      "A sorted set with a longer member leaves its packed form for a hash table and a tree. Higher saves memory; every change " +
      "rewrites the packed form as a whole.",
  }),
} as const;
