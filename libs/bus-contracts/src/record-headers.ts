/**
 * Headers of a broker record: CloudEvents 1.0, Kafka protocol binding, binary content mode.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
 */
export const RECORD_HEADER = {
  specVersion: 'ce_specversion',
  /** The message id. */
  id: 'ce_id',
  source: 'ce_source',
  type: 'ce_type',
  /** When it happened at the source, RFC 3339. */
  time: 'ce_time',
  /** Extension `partitionkey`: orders and partitions. */
  partitionKey: 'ce_partitionkey',
  /** Extension: not to be started before, RFC 3339. */
  deliverAt: 'ce_deliverat',
  /** Extension: the bus's own id of the event, a UUIDv7. */
  eventId: 'ce_eventid',
  /** W3C Trace Context. */
  traceParent: 'traceparent',
  contentType: 'content-type',
} as const;

export const SPEC_VERSION = '1.0';
