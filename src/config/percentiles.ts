/** Percentiles, as a list of numbers: `50 99 99.9`. */
import type { OptionType } from "./option.js";
import { bad } from "./option-types.js";

export function percentiles(): OptionType<readonly number[]> {
  return {
    placeholder: "percent",
    range: "0 to 100, several parted by spaces; empty for none",
    isList: true,
    parse(text) {
      const words = text.split(" ").filter((word) => word !== "");
      if (!words.every((word) => /^\d+(\.\d+)?$/.test(word))) {
        return bad("Invalid latency-tracking-info-percentiles parameters");
      }
      const values = words.map(Number);
      return values.every((value) => value <= 100)
        ? { ok: true, value: values }
        : bad("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
    },
    format: (values) => values.join(" "),
  };
}
