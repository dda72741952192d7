import { expect } from "chai";
import fc from "fast-check";
import { cellsAround, distance, distanceWithin, type Shape } from "#torus/base/earth.js";
import {
  cellOfHash,
  geohashText,
  hashesIn,
  hashOf,
  lowestHash,
  MERCATOR,
  type Place,
  placeOf,
} from "#torus/base/geohash.js";

const { latitude: north } = MERCATOR;
/** A cell of 26 divisions, in degrees. */
const CELL = { longitude: 360 / 2 ** 26, latitude: (north.max - north.min) / 2 ** 26 };

/** What rounds to the eastern end of the map is there, as in Redis, and its cell is beyond the last. */
const places: fc.Arbitrary<Place> = fc
  .record({
    longitude: fc.double({ min: -180, max: 180, noNaN: true, maxExcluded: true }),
    latitude: fc.double({ min: north.min, max: north.max, noNaN: true, maxExcluded: true }),
  })
  .filter(
    ({ longitude, latitude }) =>
      (longitude + 180) / 360 < 1 && (latitude - north.min) / (north.max - north.min) < 1,
  );

describe("a geohash", () => {
  it("is that of Redis", () => {
    expect(hashOf({ longitude: 13.361389, latitude: 38.115556 })).to.equal(3479099956230698);
    expect(geohashText(3479099956230698)).to.equal("sqc8b49rny0");
    expect(hashOf({ longitude: -180, latitude: north.min })).to.equal(0);
    expect(hashOf({ longitude: 180, latitude: north.max })).to.equal(3 * 2 ** 52);
  });

  it("gives back its place, within half of a cell", () => {
    fc.assert(
      fc.property(places, (place) => {
        const back = placeOf(hashOf(place));
        expect(Math.abs(back.longitude - place.longitude)).to.be.at.most(CELL.longitude * 0.51);
        expect(Math.abs(back.latitude - place.latitude)).to.be.at.most(CELL.latitude * 0.51);
      }),
    );
  });

  it("is the lowest of its own smallest cell, and lies in every cell around it", () => {
    fc.assert(
      fc.property(places, fc.integer({ min: 1, max: 26 }), (place, steps) => {
        const hash = hashOf(place);
        const smallest = cellOfHash(hash);
        expect(lowestHash(smallest)).to.equal(hash);
        const cell = {
          row: Math.floor(smallest.row / 2 ** (26 - steps)),
          column: Math.floor(smallest.column / 2 ** (26 - steps)),
          steps,
        };
        expect(hash).to.be.within(lowestHash(cell), lowestHash(cell) + hashesIn(steps) - 1);
      }),
    );
  });

  it("is made of any score", () => {
    for (const score of [-1, -0, 1.5, 2 ** 53, 2 ** 63, 2 ** 64, 1e300, Infinity, -Infinity, -1e300]) {
      const { longitude, latitude } = placeOf(score);
      expect(longitude).to.be.within(-180, 180);
      expect(latitude).to.be.within(north.min, north.max);
    }
  });
});

describe("what is near a place", () => {
  it("is as far one way as the other", () => {
    fc.assert(
      fc.property(places, places, (one, other) => {
        expect(distance(one, other)).to.be.closeTo(distance(other, one), 1e-3);
      }),
    );
  });

  it("lies in the cells around it, whatever the shape, where meridians are not too close", () => {
    const shapes: fc.Arbitrary<Shape> = fc.oneof(
      fc.record({ kind: fc.constant("circle" as const), radiusMeters: meters }),
      fc.record({ kind: fc.constant("box" as const), widthMeters: meters, heightMeters: meters }),
    );
    const offset = fc.double({ min: -1, max: 1, noNaN: true });
    // At the eastern end of the map itself Redis looks beyond it, and so do we.
    const center = places.filter(({ longitude, latitude }) => Math.abs(latitude) < 60 && longitude < 179.999);
    fc.assert(
      fc.property(center, shapes, offset, offset, (middle, shape, east, up) => {
        const reach = shape.kind === "circle" ? shape.radiusMeters : shape.widthMeters + shape.heightMeters;
        const degrees = reach / 111_000;
        const place = placeOf(
          hashOf({
            longitude: ((((middle.longitude + 2 * east * degrees + 180) % 360) + 360) % 360) - 180,
            latitude: Math.max(-80, Math.min(80, middle.latitude + up * degrees)),
          }),
        );
        if (distanceWithin(shape, middle, place) === undefined) return;
        const hash = hashOf(place);
        const isCovered = cellsAround(shape, middle).some((cell) => {
          const lowest = lowestHash(cell);
          return hash >= lowest && hash < lowest + hashesIn(cell.steps);
        });
        expect(isCovered, JSON.stringify({ middle, shape, place })).to.equal(true);
      }),
      { numRuns: 3000 },
    );
  });
});

const meters = fc.oneof(
  fc.double({ min: 0, max: 2e6, noNaN: true }),
  fc.double({ min: 0, max: 100, noNaN: true }),
);
