import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { Arena, bytesOfClass, classOf, type Location, NOWHERE } from "#torus/keyspace/arena.js";

const UNIT_BITS = 20;

/** Fills a cell with its own mark, all but the two words that a free cell uses. */
function mark(arena: Arena, at: Location, bytes: number, value: number): void {
  const slab = arena.slabs[at >>> UNIT_BITS]!;
  const start = (at & (2 ** UNIT_BITS - 1)) * 8;
  slab.bytes.fill(value, start, start + bytes);
}

function isMarked(arena: Arena, at: Location, bytes: number, value: number): boolean {
  const slab = arena.slabs[at >>> UNIT_BITS]!;
  const start = (at & (2 ** UNIT_BITS - 1)) * 8;
  return slab.bytes.subarray(start, start + bytes).every((byte) => byte === value);
}

describe("arena", () => {
  it("has a class for every size, which wastes at most an eighth beyond 128 bytes", () => {
    for (let bytes = 1; bytes <= 256 * 1024; bytes += bytes < 5000 ? 1 : 97) {
      const cell = bytesOfClass(classOf(bytes));
      expect(cell).to.be.at.least(bytes);
      expect(cell % 8).to.equal(0);
      expect(cell - bytes).to.be.below(Math.max(8, cell / 8 + 1));
      expect(classOf(cell)).to.equal(classOf(bytes));
    }
  });

  it("never gives out a cell twice, whatever is freed in between, and ends where it began", () => {
    for (const seed of [1, 2, 3]) {
      const prng = new Prng(seed);
      const arena = new Arena();
      const live: { at: Location; bytes: number; value: number }[] = [];
      for (let step = 0; step < 20_000; step++) {
        const grows = prng.chance(step % 4000 < 2500 ? 0.65 : 0.35);
        if (grows || live.length === 0) {
          const bytes = prng.chance(0.01)
            ? 16 + prng.below(400_000)
            : 16 + prng.below(prng.chance(0.1) ? 5000 : 200);
          const cell = { at: arena.allocate(bytes), bytes, value: 1 + prng.below(254) };
          expect(cell.at).not.to.equal(NOWHERE);
          mark(arena, cell.at, bytes, cell.value);
          live.push(cell);
        } else {
          const [cell] = live.splice(prng.below(live.length), 1);
          expect(isMarked(arena, cell!.at, cell!.bytes, cell!.value)).to.equal(true);
          arena.free(cell!.at);
        }
      }
      for (const { at, bytes, value } of live) {
        expect(isMarked(arena, at, bytes, value)).to.equal(true);
        arena.free(at);
      }
      expect(arena.usedBytes).to.equal(0);
      expect(arena.reservedBytes).to.be.below(40 * 1024 * 1024);
    }
  });

  it("starts small, and gives slabs back when nothing is in them", () => {
    const arena = new Arena();
    const first = arena.allocate(48);
    expect(arena.reservedBytes).to.equal(4096);
    const cells = Array.from({ length: 200_000 }, () => arena.allocate(48));
    const full = arena.reservedBytes;
    for (const cell of cells) arena.free(cell);
    expect(arena.reservedBytes).to.be.below(full / 2);
    arena.free(first);
    expect(arena.usedBytes).to.equal(0);
  });

  it("gives an empty slab back that was kept for want of another one with room", () => {
    const arena = new Arena();
    const fill = (): Location[] => {
      const filled: Location[] = [arena.allocate(64)];
      const slab = arena.slabs[filled[0]! >>> UNIT_BITS]!;
      while (!slab.isFull) filled.push(arena.allocate(64));
      return filled;
    };
    const full = fill();
    arena.free(arena.allocate(64));
    arena.free(full[0]!);
    for (const slab of arena.sparseSlabs()) expect(arena.retire(slab)).to.equal(false);
    expect(arena.sparseSlabs()).to.have.length(0);
    expect(arena.reservedBytes).to.equal(4096);
  });

  it("knows its sparse slabs and no longer serves from them once they are retired", () => {
    const arena = new Arena();
    const cells = Array.from({ length: 50_000 }, () => arena.allocate(48));
    for (const [i, cell] of cells.entries()) if (i % 10 !== 0) arena.free(cell);
    const sparse = arena.sparseSlabs();
    expect(sparse.length).to.be.above(0);
    const slab = sparse[0]!;
    expect(arena.retire(slab)).to.equal(true);
    expect(arena.allocate(48) >>> UNIT_BITS).not.to.equal(slab.number);
  });
});
