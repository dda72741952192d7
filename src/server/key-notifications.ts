/** Publishes what happens to keys, as far as `notify-keyspace-events` says; as long as it says nothing, nobody is asked. */
import { TEXT_BYTES_MAX } from "../commands/call.js";
import type { KeyEventKind, KeyEvents } from "../config/key-events.js";
import type { KeyEventListener } from "../keyspace/key-event-listener.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { Broker } from "../pubsub/broker.js";

export interface KeyNotificationsOptions {
  readonly keyspace: Keyspace;
  readonly broker: Broker;
}

export class KeyNotifications implements KeyEventListener {
  readonly #keyspace: Keyspace;
  readonly #broker: Broker;
  #wanted: KeyEvents | undefined;

  constructor({ keyspace, broker }: KeyNotificationsOptions) {
    this.#keyspace = keyspace;
    this.#broker = broker;
  }

  configure({ notifyKeyspaceEvents }: { readonly notifyKeyspaceEvents: KeyEvents }): void {
    const { kinds, byKey, byEvent } = notifyKeyspaceEvents;
    this.#wanted = notifyKeyspaceEvents;
    this.#keyspace.events = kinds.size > 0 && (byKey || byEvent) ? this : null;
  }

  happened(kind: KeyEventKind, event: string): void {
    const { kinds, byKey, byEvent } = this.#wanted!;
    if (!kinds.has(kind) || this.#broker.isSilent("channel")) return;
    const { bytes, start, end, database } = this.#keyspace;
    const key = bytes.subarray(start, end);
    // A channel of a longer name nobody could subscribe to, and V8 makes no string of the longest keys.
    if (byKey && key.length <= TEXT_BYTES_MAX) {
      const channel = `__keyspace@${database.number}__:${key.toString("latin1")}`;
      this.#broker.publish("channel", channel, Buffer.from(event, "latin1"));
    }
    if (byEvent) this.#broker.publish("channel", `__keyevent@${database.number}__:${event}`, key);
  }
}
