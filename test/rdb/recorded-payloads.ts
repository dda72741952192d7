/** What redis-server 7.0.15 answers to DUMP: of each type in each of its forms, in base64, with the value that was there. */

export interface RecordedPayload {
  /** The value, and its form as OBJECT ENCODING names it. */
  readonly name: string;
  readonly payload: string;
  readonly value: unknown;
}

export const recordedPayloads: readonly RecordedPayload[] = [
  {
    name: "a short string (embstr)",
    payload: "AAVoZWxsbwoAY3LfdmU0IAo=",
    value: { kind: "text", text: "hello" },
  },
  {
    name: "the string 0 (int)",
    payload: "AMAACgCYQKd4+FADCA==",
    value: { kind: "text", text: "0" },
  },
  {
    name: "the string -129 (int)",
    payload: "AMF//woAF2CCKFSAhIA=",
    value: { kind: "text", text: "-129" },
  },
  {
    name: "the string 70000 (int)",
    payload: "AMJwEQEACgABpAj+lTCVpQ==",
    value: { kind: "text", text: "70000" },
  },
  {
    name: "the string -2147483648 (int)",
    payload: "AMIAAACACgDHT4c+M1WBhw==",
    value: { kind: "text", text: "-2147483648" },
  },
  {
    name: "the string 12345678901 (int)",
    payload: "AAsxMjM0NTY3ODkwMQoAME5S1ycXZRA=",
    value: { kind: "text", text: "12345678901" },
  },
  {
    name: "a string in LZF (embstr)",
    payload: "AMMOKgNhYmNh4BcCAnh5eiAjCgB7CaYD6uv2hA==",
    value: { kind: "text", text: "abcabcabcabcabcabcabcabcabcabcabcabcxyzabc" },
  },
  {
    name: "a list (quicklist)",
    payload:
      "EgECwzhAdx93AAAACgCBYQIBAd/7AsEsAvLAY/8E80BUiQAF9ADyBQEqASAgAwngRnjgPAAISIMwMDcEgAH/CgDV4KBz0nOonQ==",
    value: {
      kind: "list",
      items: ["a", "1", "-5", "300", "-40000", "9000000", "5000000000", "x".repeat(70), "007", ""],
    },
  },
  {
    name: "a list of several nodes (quicklist)",
    payload:
      "EgQCDw8AAAADAIFhAgEB3/sC/wIVFQAAAAMAwSwC8sBj/wTzQFSJAAX/AsMfQF8LXwAAAAMA9ADyBSoBIAoDCeBGeOA8AAZIgzAwNwT/AgkJAAAAAQCAAf8KADgWFa0HInq3",
    value: {
      kind: "list",
      items: ["a", "1", "-5", "300", "-40000", "9000000", "5000000000", "x".repeat(70), "007", ""],
    },
  },
  {
    name: "a list with a long element (quicklist)",
    payload:
      "EgMCCgoAAAABAIFhAv8Cw0B6YzYHNiMAAAEA8CggBgB54P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4A4AAkat/wIKCgAAAAEAgWIC/woA8Wp1hRrsE9M=",
    value: { kind: "list", items: ["a", "y".repeat(9000), "b"] },
  },
  {
    name: "a set of integers of 16 bits (intset)",
    payload: "Cw4CAAAAAwAAAPv/AQAsAQoAD196jrWUCdI=",
    value: { kind: "set", items: ["-5", "1", "300"] },
  },
  {
    name: "a set of integers of 32 bits (intset)",
    payload: "CxAEAAAAAgAAAJDu/v8BAAAACgCUoQXpWe/sBQ==",
    value: { kind: "set", items: ["-70000", "1"] },
  },
  {
    name: "a set of integers of 64 bits (intset)",
    payload: "C8MTGAQIAAAAAiADAAEgA0AAgAcBIAAKAB0HFfJ8MVno",
    value: { kind: "set", items: ["1", "9007199254740993"] },
  },
  {
    name: "a set (hashtable)",
    payload: "AgEDb25lCgB8NGsFkeXSDA==",
    value: { kind: "set", items: ["one"] },
  },
  {
    name: "a small hash (listpack)",
    payload: "EBwcAAAABgCBYQIBAYFiAoN0d28EgWMC8pDu/gT/CgCcnPXFP+q/cQ==",
    value: { kind: "hash", items: ["a", "1", "b", "two", "c", "-70000"] },
  },
  {
    name: "a large hash (hashtable)",
    payload: "BAEBYcMJQEYBenrgOQABenoKAOdjALu/0A0h",
    value: { kind: "hash", items: ["a", "z".repeat(70)] },
  },
  {
    name: "a small sorted set (listpack)",
    payload:
      "EcNARUBOEE4AAAAOAIFhAoQtaW5mBYFiIAgQMS41BYFjAgABgWUCkzAuMTDgBQANMRSBZAIDAYFmAoYxZSsgHQQHgWcCgyA9AQT/CgAyqTRGz9fE2g==",
    value: {
      kind: "sorted set",
      items: ["a", "b", "c", "e", "d", "f", "g"],
      scores: [Number.NEGATIVE_INFINITY, -1.5, 0, 0.1, 3, 1e100, Number.POSITIVE_INFINITY],
    },
  },
  {
    name: "a large sorted set (skiplist)",
    payload:
      "BQcBZwAAAAAAAPB/AWZ9w5QlrUmyVAFkAAAAAAAACEABZZqZmZmZmbk/AWMAAAAAAAAAAAFiAAAAAAAA+L8BYQAAAAAAAPD/CgAnwpAElINLCA==",
    value: {
      kind: "sorted set",
      items: ["g", "f", "d", "e", "c", "b", "a"],
      scores: [Number.POSITIVE_INFINITY, 1e100, 3, 0.1, 0, -1.5, Number.NEGATIVE_INFINITY],
    },
  },
  {
    name: "a stream (stream)",
    payload:
      "EwEQAAAAAAAAAAEAAAAAAAAAAcNAfUCTEZMAAAA2AAgBAAECAYFmAoFuAkAJAAAgAQeCdjEDw+gCBSAYQAAFgnYyA8fQYA4KAgHf/wKCdjMDy7hgDwADYC0DNAPPoGAOAAQgLgeCdjUD8YgTA0A9AAWALgQ2A/FwF2AQAAZgLwQ3A/FYG2APAAdgMAQ4A/FAHyAPAP8ICAIBAQAACAAKAIL90tAjdV9T",
    value: {
      kind: "stream",
      entries: [
        ["1-1", "f", "v1", "n", "1000"],
        ["2-2", "f", "v2", "n", "2000"],
        ["3-0", "f", "v3", "n", "3000"],
        ["4-1", "f", "v4", "n", "4000"],
        ["5-2", "f", "v5", "n", "5000"],
        ["6-0", "f", "v6", "n", "6000"],
        ["7-1", "f", "v7", "n", "7000"],
        ["8-2", "f", "v8", "n", "8000"],
      ],
      lastId: "8-2",
      maxDeletedId: "0-0",
      entriesAdded: "8",
      groups: [],
    },
  },
  {
    name: "a stream of several nodes (stream)",
    payload:
      "EwMQAAAAAAAAAAcAAAAAAAAAATc3AAAAFgACAQEBAQGCZjEDAAECAQABAAEBAQQBAQEHAQABAQGCZjADAgEGAQIBDgEAAQMBBAH/EAAAAAAAAAAcAAAAAAAAAAE3NwAAABYAAwEAAQEBgmYwAwABAgEAAQABBAEEAQABBwEAAQEBgmYxAwUBBgECAQ4BAAEGAQQB/xAAAAAAAAAAMQAAAAAAAAABLS0AAAARAAEBAQEBAYJmMQMAAQIBAAEAAQcBBAEBAQcBAAEBAYJmMAMIAQYB/wY4AQcBOAEIAAoAoCzGtQ4gZuc=",
    value: {
      kind: "stream",
      entries: [
        ["7-1", "f1", "1"],
        ["21-1", "f1", "3"],
        ["28-1", "f0", "4"],
        ["35-1", "f1", "5"],
        ["42-1", "f0", "6"],
        ["49-1", "f1", "7"],
      ],
      lastId: "56-1",
      maxDeletedId: "56-1",
      entriesAdded: "8",
      groups: [],
    },
  },
  {
    name: "a stream with groups (stream)",
    payload:
      "EwEQAAAAAAAAAAEAAAAAAAAAAUBVVQAAAB8AAwEBAQIBgWECgWICAAECAQABAAEBAYN0d28EBQEDAQABAQEDAYRmb3VyBQUBAAEBAd//AgEBgWMCgXgCBgECAd2XAgQBAQHykO7+BAUB/wOB/////////ZgFAQEBAgQCAWeB/////////ZgFBAMAAAAAAAAAAQAAAAAAAAAB/FdlAaIBAAABAAAAAAAAAAIAAAAAAAAAAPxXZQGiAQAAAf////////2YAAAAAAAAAAX8V2UBogEAAAECAm1l/FdlAaIBAAACAAAAAAAAAAEAAAAAAAAAAQAAAAAAAAACAAAAAAAAAAADeW91/FdlAaIBAAAB/////////ZgAAAAAAAAABQFoAQEHAAEEaWRsZfxXZQGiAQAAAAoAqPUj4I+y6AQ=",
    value: {
      kind: "stream",
      entries: [
        ["1-1", "a", "1", "b", "two"],
        ["2-0", "c", "x"],
        ["18446744073709551000-5", "a", "1", "b", "-70000"],
      ],
      lastId: "18446744073709551000-5",
      maxDeletedId: "1-2",
      entriesAdded: "4",
      groups: [
        {
          name: "g",
          lastId: "18446744073709551000-5",
          entriesRead: "4",
          pending: [
            ["1-1", "me", 1795319748604, "1"],
            ["2-0", "me", 1795319748604, "1"],
            ["18446744073709551000-5", "you", 1795319748604, "1"],
          ],
          consumers: [
            ["me", 1795319748604],
            ["you", 1795319748604],
          ],
        },
        { name: "h", lastId: "1-1", entriesRead: "7", pending: [], consumers: [["idle", 1795319748604]] },
      ],
    },
  },
  {
    name: "a stream without an entry (stream)",
    payload: "EwAABQUAAAUFAQAKAC7CnhmM9k4k",
    value: { kind: "stream", entries: [], lastId: "5-5", maxDeletedId: "5-5", entriesAdded: "1", groups: [] },
  },
];
