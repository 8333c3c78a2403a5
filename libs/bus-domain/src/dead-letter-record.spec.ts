import { encodeDeadLetter } from './dead-letter-record';
import { encodeRecord } from './event-record';

const event = {
  eventId: '0190a3c4-0000-7000-8000-000000000001',
  source: 'orders',
  messageId: 'order-1',
  type: 'order.paid',
  key: 'user-7',
  payload: '{"a": 1}',
  occurredAt: '2026-01-02T03:04:05.678Z',
  deliverAt: null,
  traceparent: null,
};
const death = {
  operation: 'sms.send',
  attempt: 4,
  cause: 'rejected',
  diedAt: '2026-01-02T03:05:00.000Z',
} as const;

describe(encodeDeadLetter, () => {
  it('is the record of the event, with who died of what beside it', () => {
    const plain = encodeRecord(event);
    expect(encodeDeadLetter(event, { ...death, code: 'no_recipient', reason: '没有收件人' })).toEqual({
      key: 'user-7',
      value: plain.value,
      headers: {
        ...plain.headers,
        ce_operation: 'sms.send',
        ce_attempt: '4',
        ce_deadcause: 'rejected',
        ce_deadcode: 'no_recipient',
        ce_deadreason: '没有收件人',
        ce_diedat: '2026-01-02T03:05:00.000Z',
      },
    });
  });

  it('leaves out what is not known', () => {
    const { headers } = encodeDeadLetter(event, { ...death, code: null, reason: null });
    expect(headers).not.toHaveProperty('ce_deadcode');
    expect(headers).not.toHaveProperty('ce_deadreason');
  });
});
