/** All commands on places, which are sorted sets whose scores are geohashes. */
import type { Command } from "./command.js";
import { geoPlaces } from "./geo-places.js";
import { geoSearches } from "./geo-searches.js";

export const geoCommands: readonly Command[] = [...geoPlaces, ...geoSearches];
