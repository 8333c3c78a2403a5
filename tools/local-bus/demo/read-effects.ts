import { Client } from 'pg';
import type { DemoOrder } from './publish-demo';

/** What the services really did for an order, read from their own tables. */
export interface Effects {
  /** Points of each ledger entry. */
  points: number[];
  balance: number;
  /** Codes of the coupons. */
  coupons: string[];
  texts: string[];
  wechatMessages: string[];
}

export async function readEffects(databaseUrl: string, order: DemoOrder): Promise<Effects> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const column = async <T>(statement: string, value: string): Promise<T[]> => {
    const { rows } = await client.query<[T]>({ text: statement, values: [value], rowMode: 'array' });
    return rows.map(([first]) => first);
  };
  try {
    const points = await column<string>(
      'SELECT points FROM points.ledger_entry WHERE account_id = $1',
      order.userId,
    );
    const [balance] = await column<string>(
      'SELECT balance FROM points.account WHERE account_id = $1',
      order.userId,
    );
    return {
      points: points.map(Number),
      balance: Number(balance ?? 0),
      coupons: await column('SELECT code FROM coupons.coupon WHERE order_id = $1', order.orderId),
      texts: await column('SELECT content FROM sms.sent_message WHERE recipient = $1', order.userId),
      wechatMessages: await column(
        'SELECT content FROM wechat_notify.sent_message WHERE recipient = $1',
        order.userId,
      ),
    };
  } finally {
    await client.end();
  }
}
