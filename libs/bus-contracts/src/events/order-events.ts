import { z } from 'zod';

/** An order was placed. */
export const orderCreated = z.object({
  orderId: z.string().min(1).max(128),
  userId: z.string().min(1).max(128),
  amountCents: z.number().int().min(0).optional(),
});

/** An order was paid. `timeoutMessageId` names the delayed `order.payment-timeout` to cancel. */
export const orderPaid = z.object({
  orderId: z.string().min(1).max(128),
  userId: z.string().min(1).max(128),
  amountCents: z.number().int().min(0),
  timeoutMessageId: z.string().min(1).max(128).optional(),
});

/** Published with a delay when an order is placed; cancelled by its payment. */
export const orderPaymentTimeout = z.object({
  orderId: z.string().min(1).max(128),
  userId: z.string().min(1).max(128),
});
