/** What the bus accepts. Each limit names what it protects. */
export const LIMITS = {
  /** Characters of a message id: keeps the identity's index entry small. */
  messageIdLength: 128,
  /** Characters of a source (a URI reference). */
  sourceLength: 256,
  /** Bytes of a key: it stands in lane and due rows. */
  keyBytes: 256,
  /** Bytes of one event's payload: protects memory at 2,000 events in flight. */
  payloadBytes: 256 * 1024,
  /** Bytes of one batch request. */
  batchBytes: 1024 * 1024,
  /** Events in one batch request. */
  batchEvents: 1000,
  /** Levels of nesting: PostgreSQL's json and JSON.stringify fail on deep values. */
  payloadDepth: 32,
  /** Keys in a payload, all objects together. */
  payloadKeys: 5000,
  /** Items of one array in a payload. */
  payloadArrayItems: 10000,
  /** Longest delay: 366 days. */
  delayMs: 366 * 24 * 60 * 60 * 1000,
  /** Faults named in one answer. */
  faults: 10,
  /** Longest `timeoutMs` of an operation. */
  operationTimeoutMs: 30000,
  /** Bytes of a result's `reason`; longer ones are cut. */
  reasonBytes: 2 * 1024,
  /** Bytes of a result's `output` as JSON; larger makes the reply faulty. */
  outputBytes: 16 * 1024,
} as const;

/** `type` of an event. */
export const EVENT_TYPE_PATTERN = /^[A-Za-z][A-Za-z0-9._-]{0,254}$/;
/** Message id: 1 to 128 visible ASCII characters. */
export const MESSAGE_ID_PATTERN = /^[\x21-\x7e]{1,128}$/;
/** Source: a URI reference of 1 to 256 visible ASCII characters. */
export const SOURCE_PATTERN = /^[\x21-\x7e]{1,256}$/;
/** Operation: `<service>.<verb>`, lower case. */
export const OPERATION_NAME_PATTERN = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/;
