/** A published event as the bus stores it (table `bus.event`). Times are UTC. */
export class Event {
  /** UUIDv7, made when it was published, or derived from the record. */
  eventId!: string;
  source!: string;
  messageId!: string;
  type!: string;
  key!: string | null;
  /** JSON text, the bytes as received. */
  payload!: string;
  occurredAt!: Date;
  deliverAt!: Date | null;
  traceparent!: string | null;
  /** Graph version that was active when it was stored; `null`: unrouted. */
  graphId!: number | null;
  brokerPartition!: number;
  /** A bigint as text. */
  brokerOffset!: string;
  storedAt!: Date;
}
