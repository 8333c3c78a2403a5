import type { z } from 'zod';
import { orderCreated, orderPaid, orderPaymentTimeout } from './events/order-events';

/** Event type → payload schema, for both ends. Types that are not listed are published unchecked. */
export const EVENT_SCHEMAS = {
  'order.created': orderCreated,
  'order.paid': orderPaid,
  'order.payment-timeout': orderPaymentTimeout,
} as const;

export type KnownEventType = keyof typeof EVENT_SCHEMAS;
/** Any event type; the known ones are offered by the editor. */
export type EventType = KnownEventType | (string & {});
/** Payload of a known type; `unknown` for the others. */
export type PayloadOf<T extends EventType> = T extends KnownEventType
  ? z.infer<(typeof EVENT_SCHEMAS)[T]>
  : unknown;
