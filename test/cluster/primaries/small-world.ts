/** Owners of a slot in a world in which messages take no time, and beliefs may be wrong. */
import type { ChangePhase } from "#torus/cluster/placement.js";
import { type NodeNumber, OwnerGroups, SELF } from "#torus/cluster/primaries/owner-groups.js";
import type { Readiness } from "#torus/cluster/primaries/readiness.js";
import { NOBODY, Tenure } from "#torus/cluster/primaries/tenure.js";
import type { Words } from "#torus/cluster/primaries/words.js";
import { slotGroups } from "../../support/slot-groups.js";

/** All other slots are of somebody else. */
export const SLOT = 7;
export const IDS = ["a", "b", "c", "d", "e"];

/** A node of a small world in which messages take no time, but beliefs may be wrong. */
export class Node {
  tenure: Tenure;
  readonly alive = new Set<string>(IDS);
  readiness: Readiness = "ready";
  boot = 1;
  /** What was executed that it knows of: numbers of writes. It keeps them when it starts again. */
  readonly known = new Set<number>();
  /** Its own that wait for a majority, and those whose term ended before. */
  readonly waiting = new Map<number, ReadonlySet<number>>();

  constructor(
    readonly id: string,
    readonly world: World,
  ) {
    this.tenure = this.#begin();
  }

  #begin(): Tenure {
    const { world } = this;
    return new Tenure({
      isAlive: (node) => node === SELF || this.alive.has(this.idOf(node)),
      readinessOf: (node) => world.node(this.idOf(node)).readiness,
    });
  }

  wordsFor(id: string): Words {
    return { boot: this.boot, ...this.tenure.wordsFor(this.numberOf(id)) };
  }

  numberOf(id: string): NodeNumber {
    return id === this.id ? SELF : IDS.indexOf(id) + 1;
  }

  idOf(node: NodeNumber): string {
    return node === SELF ? this.id : IDS[node - 1]!;
  }

  sees(id: string, isAlive: boolean): void {
    if (this.alive.has(id) === isAlive) return;
    if (isAlive) this.alive.add(id);
    else {
      this.alive.delete(id);
      this.tenure.lost(this.numberOf(id));
    }
  }

  /** Claims what it should have. */
  claim(): void {
    const { tenure, world } = this;
    const slots = tenure.claim();
    const words = new Map<string, Words>();
    for (const other of world.reachableFrom(this.id)) {
      const { granted } = other.tenure.answerClaim(other.numberOf(this.id), slots);
      if (granted.length === 0) continue;
      this.learnFrom(other);
      words.set(other.id, other.wordsFor(this.id));
      tenure.supported(this.numberOf(other.id), words.get(other.id)!, granted);
    }
    if (tenure.act(tenure.won(slots)).length > 0) {
      this.waiting.clear();
      for (const [id, given] of words) this.settled.set(id, given);
    }
    tenure.relinquish(slots.filter((slot) => tenure.isClaiming(slot)));
  }

  confirm(): void {
    const { tenure, world } = this;
    const lost = new Set<number>();
    for (const id of IDS) {
      if (id === this.id || !world.has(id) || world.reachableFrom(this.id).some((node) => node.id === id))
        continue;
      tenure.unsupported(this.numberOf(id), tenure.acting());
    }
    for (const other of world.reachableFrom(this.id)) {
      for (const slot of tenure.acting()) if (!this.#confirmWith(other, slot)) lost.add(slot);
    }
    tenure.relinquish([...lost].filter((slot) => tenure.isActing(slot)));
  }

  #confirmWith(other: Node, slot: number): boolean {
    const { tenure } = this;
    const number = this.numberOf(other.id);
    const known = this.settled.get(other.id);
    const settled = known?.boot === other.boot ? known.given : 0;
    const support = tenure.supportOf(slot);
    const answer = other.tenure.answerConfirm(other.numberOf(this.id), { support, settled, slots: [slot] });
    const words = other.wordsFor(this.id);
    tenure.heard(number, words);
    if (answer.granted.length === 0) return false;
    if (answer.lent.length > 0) {
      tenure.unsupported(number, [slot]);
      return true;
    }
    const isSupporter = (node: NodeNumber) => tenure.isSupporter(node, slot);
    const isOpen =
      answer.anew.length > 0 && !isSupporter(number) && !this.world.isMajority(this, isSupporter);
    if (isOpen) {
      this.learnFrom(other);
      this.waiting.clear();
    }
    tenure.supported(number, words, [slot]);
    this.settled.set(other.id, words);
    return true;
  }

  /** By other node, up to which of its words this one has what it had. */
  readonly settled = new Map<string, Words>();

  learnFrom(other: Node): void {
    for (const write of other.known) this.known.add(write);
  }

  /** It remembers what it knows, and to nobody its word. */
  startAgain(): void {
    this.boot++;
    this.tenure = this.#begin();
    this.waiting.clear();
    this.settled.clear();
  }

  /** Executes a write, which says what was known when it was executed. */
  execute(write: number): void {
    this.waiting.set(write, new Set(this.known));
    this.known.add(write);
  }

  /** Those who are reached acknowledge what this node executed. Answers what a majority that stands by it has. */
  confirmed(): readonly (readonly [number, ReadonlySet<number>])[] {
    const { tenure, world } = this;
    const acknowledged: Node[] = [];
    for (const other of world.reachableFrom(this.id)) {
      for (const write of this.waiting.keys()) other.known.add(write);
      acknowledged.push(other);
    }
    for (const other of acknowledged) tenure.heard(this.numberOf(other.id), other.wordsFor(this.id));
    const counts = (node: NodeNumber) =>
      tenure.isSupporter(node, SLOT) &&
      (node === SELF || acknowledged.some(({ id }) => id === this.idOf(node)));
    if (!tenure.isActing(SLOT) || !world.isMajority(this, counts)) return [];
    const confirmed = [...this.waiting];
    this.waiting.clear();
    return confirmed;
  }
}

export class World {
  readonly nodes: readonly Node[];
  #owners: readonly string[] = [];
  readonly #cut = new Set<string>();
  #side: (id: string) => unknown = () => 0;

  constructor(count: number) {
    this.nodes = IDS.slice(0, count).map((id) => new Node(id, this));
  }

  has(id: string): boolean {
    return this.nodes.some((node) => node.id === id);
  }

  node(id: string): Node {
    return this.nodes.find((node) => node.id === id)!;
  }

  reachableFrom(id: string): readonly Node[] {
    return this.nodes.filter(
      (node) =>
        node.id !== id && this.#side(node.id) === this.#side(id) && !this.#cut.has(pairOf(id, node.id)),
    );
  }

  /** Cuts one link, or mends it. */
  link(one: string, other: string, isCut: boolean): void {
    if (isCut) this.#cut.add(pairOf(one, other));
    else this.#cut.delete(pairOf(one, other));
  }

  /** Whether most owners are such, as a node numbers them. */
  isMajority(by: Node, isSuch: (node: NodeNumber) => boolean): boolean {
    return 2 * this.#owners.filter((id) => isSuch(by.numberOf(id))).length > this.#owners.length;
  }

  /** One node believes of another that it is there, or is not. */
  sees(by: string, id: string, isAlive: boolean): void {
    if (by !== id) this.node(by).sees(id, isAlive);
  }

  startAgain(node: Node): void {
    node.startAgain();
    this.place(this.#owners);
    for (const other of this.nodes) if (other !== node) other.tenure.lost(other.numberOf(node.id));
  }

  /** Nodes of different sides do not hear each other, and take each other for dead, if they know. */
  split(side: (id: string) => unknown, isKnown = true): void {
    this.#side = side;
    if (!isKnown) return;
    for (const node of this.nodes)
      for (const { id } of this.nodes) if (id !== node.id) node.sees(id, side(id) === side(node.id));
  }

  /** `owners` and `nextOwners` of all slots, which are as good as one here. */
  place(owners: readonly string[], nextOwners = owners, phase: ChangePhase | null = null): void {
    this.#owners = owners;
    for (const node of this.nodes) {
      const { tenure } = node;
      const numberOf = (id: string) => node.numberOf(id);
      tenure.place(
        new OwnerGroups({
          grouped: slotGroups(
            (slot) => (slot === SLOT ? owners : ["x"]),
            (slot) => (slot === SLOT ? nextOwners : ["x"]),
          ),
          phase,
          numberOf: (id) => (id === "x" ? NOBODY - 1 : numberOf(id)),
        }),
      );
    }
  }

  settle(rounds = 6): void {
    for (let round = 0; round < rounds; round++) {
      for (const node of this.nodes) node.confirm();
      for (const node of this.nodes) node.claim();
    }
  }

  acting(): readonly string[] {
    return this.nodes.filter(({ tenure }) => tenure.isActing(SLOT)).map(({ id }) => id);
  }
}

function pairOf(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

/** One that has come to rest. */
export function worldOf(count: number): World {
  const world = new World(count);
  world.place(IDS.slice(0, count));
  world.settle();
  return world;
}
