/** Who wants to know which slots are looked at: a reply that shows their records may have to wait until these last. */
export interface Sightings {
  /** A key of this slot was opened. */
  saw(slot: number): void;
}
