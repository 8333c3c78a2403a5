import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PublishRequest } from '@bus/contracts';

export const ORDER_SOURCE = 'cdnow';
/** Coupons go with orders of 50 dollars or more. */
const COUPON_FROM_CENTS = 5_000;

/** One line of the file. */
export interface Purchase {
  /** From 1; the message id comes from it, since some lines are alike. */
  line: number;
  /** Column 2: the customer's id in the sample. */
  customer: string;
  amountCents: number;
}

/** What the whole run has to come to; computed from the file, not from the run. */
export interface ExpectedFigures {
  events: number;
  accounts: number;
  points: number;
  coupons: number;
  couponsSkipped: number;
  messages: number;
  /** Customers whose orders are below one dollar each. */
  accountsAtZero: number;
}

/** Purchases in file order. @param limit the first so many; all by default. @throws Error naming a line that can't be read */
export function readPurchases(
  limit = Infinity,
  file = join(__dirname, '../../data/cdnow-sample.txt'),
): Purchase[] {
  const lines = readFileSync(file, 'utf8')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
  return lines.slice(0, limit).map(toPurchase);
}

/** @throws Error where the text is no line of the file */
export function toPurchase(text: string, index: number): Purchase {
  const [, customer, , , amount] = text.trim().split(/\s+/);
  const parts = /^(\d+)\.(\d\d)$/.exec(amount ?? '');
  if (!customer || !parts)
    throw new Error(`line ${index + 1} is no purchase: expected 5 columns, the last like 29.33`);
  return { line: index + 1, customer, amountCents: Number(parts[1]) * 100 + Number(parts[2]) };
}

export const messageIdOf = (line: number): string => `cdnow-${String(line).padStart(5, '0')}`;

export function toEvent(purchase: Purchase): PublishRequest<'order.paid'> {
  const messageId = messageIdOf(purchase.line);
  return {
    messageId,
    source: ORDER_SOURCE,
    type: 'order.paid',
    key: purchase.customer,
    payload: { orderId: messageId, userId: purchase.customer, amountCents: purchase.amountCents },
  };
}

export function expectedOf(purchases: readonly Purchase[]): ExpectedFigures {
  const pointsOf = new Map<string, number>();
  for (const purchase of purchases) {
    const points = Math.floor(purchase.amountCents / 100);
    pointsOf.set(purchase.customer, (pointsOf.get(purchase.customer) ?? 0) + points);
  }
  const coupons = purchases.filter((purchase) => purchase.amountCents >= COUPON_FROM_CENTS).length;
  return {
    events: purchases.length,
    accounts: pointsOf.size,
    points: [...pointsOf.values()].reduce((sum, points) => sum + points, 0),
    coupons,
    couponsSkipped: purchases.length - coupons,
    messages: purchases.length,
    accountsAtZero: [...pointsOf.values()].filter((points) => points === 0).length,
  };
}
