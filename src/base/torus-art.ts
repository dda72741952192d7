/** A torus, drawn with characters. */

const COLUMNS = 56;
const ROWS = 22;
/** Radii of the tube and of the ring, and how far away who looks at it is. */
const TUBE = 1;
const RING = 2;
const DISTANCE = 5;
const TUBE_STEPS = 90;
const RING_STEPS = 240;
/** From dark to light. */
const SHADES = ".,-~:;=!*#$@";
/** Characters are about twice as high as they are wide. */
const SCALE_X = 22;
const SCALE_Y = 11;

/** Lines, each with its end. It is turned about two axes by these angles, in radians. */
export function drawTorus(turnX: number, turnZ: number): string {
  const cells = Array.from({ length: ROWS }, () => new Array<string>(COLUMNS).fill(" "));
  const nearest = Array.from({ length: ROWS }, () => new Float64Array(COLUMNS));
  const [sinX, cosX, sinZ, cosZ] = [Math.sin(turnX), Math.cos(turnX), Math.sin(turnZ), Math.cos(turnZ)];
  for (let tube = 0; tube < TUBE_STEPS; tube++) {
    const [sinTube, cosTube] = sineOf(tube / TUBE_STEPS);
    const radius = RING + TUBE * cosTube;
    for (let ring = 0; ring < RING_STEPS; ring++) {
      const [sinRing, cosRing] = sineOf(ring / RING_STEPS);
      const depth = sinRing * radius * cosX + sinTube * sinX;
      const nearness = 1 / (depth + DISTANCE);
      const height = sinRing * radius * sinX - sinTube * cosX;
      const column = Math.trunc(COLUMNS / 2 + SCALE_X * nearness * (cosRing * radius * cosZ - height * sinZ));
      const row = Math.trunc(ROWS / 2 + SCALE_Y * nearness * (cosRing * radius * sinZ + height * cosZ));
      if (row < 0 || row >= ROWS || column < 0 || column >= COLUMNS) continue;
      if (nearness <= nearest[row]![column]!) continue;
      nearest[row]![column] = nearness;
      // How much of the light from above and before falls on it.
      const light =
        (sinTube * cosX - sinRing * cosTube * sinX) * cosZ -
        sinRing * cosTube * cosX -
        sinTube * sinX -
        cosRing * cosTube * sinZ;
      const shade = Math.min(SHADES.length - 1, Math.max(0, Math.trunc(8 * light)));
      cells[row]![column] = SHADES[shade]!;
    }
  }
  return cells.map((row) => `${row.join("").trimEnd()}\n`).join("");
}

/** Sine and cosine of a share of a whole turn. */
function sineOf(turn: number): readonly [number, number] {
  return [Math.sin(2 * Math.PI * turn), Math.cos(2 * Math.PI * turn)];
}
