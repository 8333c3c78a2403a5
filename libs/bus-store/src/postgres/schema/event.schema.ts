import { Event } from '@bus/contracts';
import { EntitySchema } from 'typeorm';

/** `bus.event`. Its day partitions are left to SQL: TypeORM sees one table. */
export const EventSchema = new EntitySchema<Event>({
  name: 'Event',
  target: Event,
  schema: 'bus',
  tableName: 'event',
  columns: {
    eventId: { name: 'event_id', type: 'uuid', primary: true },
    source: { type: 'text' },
    messageId: { name: 'message_id', type: 'text' },
    type: { type: 'text' },
    key: { type: 'text', nullable: true },
    payload: { type: 'text' },
    occurredAt: { name: 'occurred_at', type: 'timestamptz' },
    deliverAt: { name: 'deliver_at', type: 'timestamptz', nullable: true },
    traceparent: { type: 'text', nullable: true },
    graphId: { name: 'graph_id', type: 'integer', nullable: true },
    brokerPartition: { name: 'broker_partition', type: 'integer' },
    brokerOffset: { name: 'broker_offset', type: 'bigint' },
    storedAt: { name: 'stored_at', type: 'timestamptz', default: () => 'clock_timestamp()' },
  },
});
