import { executionIdOf } from '@bus/domain';
import type { Client } from 'pg';
import type { ExpectedFigures, Purchase } from './purchases';
import { messageIdOf, ORDER_SOURCE } from './purchases';

/** What the databases hold after the run. Every figure but the expected ones has to be 0. */
export interface ObservedFigures extends ExpectedFigures {
  /** Customers whose ledger is not their orders in file order. */
  ledgersOutOfOrder: number;
  /** Messages sent before the coupon that they speak of. */
  messagesBeforeCoupon: number;
  textMessages: number;
  /** Effects beyond one per execution, in all four services together. */
  duplicates: number;
  /** Rows in in_flight, due, waiting, lane, dead_letter and quarantine. */
  leftOver: number;
}

const count = async (client: Client, text: string): Promise<number> =>
  Number((await client.query<{ n: string }>(`select ${text} as n`)).rows[0]?.n ?? 0);

/** Executions that have not ended yet; 0 once the run is over. */
export async function openExecutions(client: Client): Promise<number> {
  return count(
    client,
    `(select count(*) from bus.in_flight) + (select count(*) from bus.due) + (select count(*) from bus.waiting)`,
  );
}

export async function storedEvents(client: Client): Promise<number> {
  return count(client, `(select count(*) from bus.event)`);
}

export async function observe(client: Client, purchases: readonly Purchase[]): Promise<ObservedFigures> {
  return {
    events: await storedEvents(client),
    accounts: await count(client, `(select count(*) from points.account)`),
    points: await count(client, `(select coalesce(sum(balance), 0) from points.account)`),
    accountsAtZero: await count(client, `(select count(*) from points.account where balance = 0)`),
    ledgersOutOfOrder: await ledgersOutOfOrder(client, purchases),
    coupons: await count(client, `(select count(*) from coupons.coupon)`),
    couponsSkipped: await count(
      client,
      `(select count(*) from bus.execution where operation = 'coupons.issue' and state = 'skipped')`,
    ),
    textMessages: await count(client, `(select count(*) from sms.sent_message)`),
    messages: await count(client, `(select count(*) from wechat_notify.sent_message)`),
    messagesBeforeCoupon: await messagesBeforeCoupon(client, purchases),
    duplicates: await duplicates(client, purchases),
    leftOver:
      (await openExecutions(client)) +
      (await count(
        client,
        `(select count(*) from bus.lane) + (select count(*) from bus.dead_letter) + (select count(*) from bus.quarantine)`,
      )),
  };
}

async function ledgersOutOfOrder(client: Client, purchases: readonly Purchase[]): Promise<number> {
  const expected = new Map<string, string[]>();
  for (const purchase of purchases)
    expected.set(purchase.customer, [...(expected.get(purchase.customer) ?? []), messageIdOf(purchase.line)]);
  const { rows } = await client.query<{ account_id: string; ids: string[] }>(
    `select account_id, array_agg(message_id order by entry_id) as ids from points.ledger_entry group by account_id`,
  );
  const actual = new Map(rows.map((row) => [row.account_id, row.ids]));
  return [...expected].filter(([customer, ids]) => actual.get(customer)?.join() !== ids.join()).length;
}

async function messagesBeforeCoupon(client: Client, purchases: readonly Purchase[]): Promise<number> {
  const orders = purchases.map((purchase) => messageIdOf(purchase.line));
  const { rows } = await client.query<{ n: string }>(
    `select count(*) as n from unnest($1::text[], $2::text[]) as k(order_id, execution_id)
       join coupons.coupon c on c.order_id = k.order_id
       left join wechat_notify.sent_message m on m.execution_id::text = k.execution_id
      where m.sent_at is null or m.sent_at < c.issued_at`,
    [
      orders,
      orders.map((order) => executionIdOf({ source: ORDER_SOURCE, messageId: order }, 'wechat.notify')),
    ],
  );
  return Number(rows[0]?.n ?? 0);
}

/** By the order each effect is about, whatever the services' own unique keys say. */
async function duplicates(client: Client, purchases: readonly Purchase[]): Promise<number> {
  const orders = purchases.map((purchase) => messageIdOf(purchase.line));
  const idsOf = (operation: string) =>
    orders.map((order) => executionIdOf({ source: ORDER_SOURCE, messageId: order }, operation));
  const { rows } = await client.query<{ n: string }>(
    `select (select count(*) - count(distinct message_id) from points.ledger_entry)
          + (select count(*) - count(distinct order_id) from coupons.coupon)
          + (select count(*) from sms.sent_message) - (select count(distinct execution_id) from sms.sent_message where execution_id::text = any ($1))
          + (select count(*) from wechat_notify.sent_message) - (select count(distinct execution_id) from wechat_notify.sent_message where execution_id::text = any ($2)) as n`,
    [idsOf('sms.send'), idsOf('wechat.notify')],
  );
  return Number(rows[0]?.n ?? 0);
}
