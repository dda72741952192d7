/** The value of `client-output-buffer-limit`: how many bytes of replies may wait for each class of client. */
import { formatMemorySize, parseMemorySize } from "../base/memory-size.js";
import type { OptionType } from "./option.js";
import { bad } from "./option-types.js";

/** A client is closed when it has more than `hardBytes` waiting, or more than `softBytes` for `softSeconds` on end; 0 is no limit. */
export interface OutputBufferLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

export type ClientClass = "normal" | "replica" | "pubsub";
export type OutputBufferLimits = Readonly<Record<ClientClass, OutputBufferLimit>>;

const classByWord: ReadonlyMap<string, ClientClass> = new Map([
  ["normal", "normal"],
  ["replica", "replica"],
  ["slave", "replica"],
  ["pubsub", "pubsub"],
]);

/** Redis 7.0 shows a replica's class by its older name, and tools compare the text. */
const shownClasses: readonly (readonly [string, ClientClass])[] = [
  ["normal", "normal"],
  ["slave", "replica"],
  ["pubsub", "pubsub"],
];

/** Any number of `class hard soft seconds`, where classes that are not named keep their limits. */
export function outputBufferLimits(): OptionType<OutputBufferLimits> {
  return {
    placeholder: "limits",
    range: "class hard-bytes soft-bytes soft-seconds, repeated; classes normal, replica, pubsub",
    isList: true,
    parse(text, current) {
      const words = text === "" ? [] : text.split(" ");
      if (words.length % 4 !== 0) return bad("Wrong number of arguments in buffer limit configuration.");
      const limits: Record<ClientClass, OutputBufferLimit> = { ...current };
      for (let at = 0; at < words.length; at += 4) {
        const clientClass = classByWord.get(words[at]!.toLowerCase());
        if (!clientClass) return bad("Invalid client class specified in buffer limit configuration.");
        const limit = readLimit(words.slice(at + 1, at + 4));
        if (!limit) return bad("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
        limits[clientClass] = limit;
      }
      return { ok: true, value: limits };
    },
    format(limits) {
      const numbers = ({ hardBytes, softBytes, softSeconds }: OutputBufferLimit) =>
        `${hardBytes} ${softBytes} ${softSeconds}`;
      return shownClasses.map(([word, clientClass]) => `${word} ${numbers(limits[clientClass])}`).join(" ");
    },
    formatLines: (limits) =>
      (["normal", "replica", "pubsub"] as const).map((clientClass) => {
        const { hardBytes, softBytes, softSeconds } = limits[clientClass];
        return `${clientClass} ${formatMemorySize(hardBytes)} ${formatMemorySize(softBytes)} ${softSeconds}`;
      }),
  };
}

function readLimit([hard = "", soft = "", seconds = ""]: readonly string[]): OutputBufferLimit | undefined {
  const hardBytes = parseMemorySize(hard);
  const softBytes = parseMemorySize(soft);
  if (hardBytes === undefined || softBytes === undefined || !/^[0-9]{1,9}$/.test(seconds)) return undefined;
  return { hardBytes, softBytes, softSeconds: Number(seconds) };
}
