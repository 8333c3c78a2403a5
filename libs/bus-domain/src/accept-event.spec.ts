import { LIMITS } from '@bus/contracts';
import fc from 'fast-check';
import { type AcceptContext, acceptEvent, type Refusal } from './accept-event';
import { eventIdTimeMs } from './event-id';
import type { IncomingEvent } from './incoming-event';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const CONTEXT: AcceptContext = { nowMs: NOW, random: new Uint8Array(16).fill(7) };
const PAID = { orderId: '1001', userId: 'user-7', amountCents: 9900 };
const REQUEST = { messageId: 'm-1', source: 'payments', type: 'order.paid', key: 'user-7', payload: PAID };

function accepted(over: object = {}, context: Partial<AcceptContext> = {}): IncomingEvent {
  const acceptance = acceptEvent({ ...REQUEST, ...over }, { ...CONTEXT, ...context });
  if ('event' in acceptance) return acceptance.event;
  throw new Error(JSON.stringify(acceptance));
}

function refused(over: object = {}, context: Partial<AcceptContext> = {}): Refusal {
  const acceptance = acceptEvent({ ...REQUEST, ...over }, { ...CONTEXT, ...context });
  if ('event' in acceptance) throw new Error('accepted');
  return acceptance;
}

const paths = (refusal: Refusal) => refusal.faults.map((fault) => fault.path);

describe(acceptEvent.name, () => {
  it('makes an event of a request', () => {
    const event = accepted();
    expect(event).toEqual({
      eventId: event.eventId,
      messageId: 'm-1',
      source: 'payments',
      type: 'order.paid',
      key: 'user-7',
      payload: JSON.stringify(PAID),
      occurredAt: '2026-03-01T12:00:00.000Z',
      deliverAt: null,
      traceparent: null,
    });
    expect(eventIdTimeMs(event.eventId)).toBe(NOW);
  });

  it('takes the caller as the source where it is known, else the field, else anonymous', () => {
    expect(accepted({}, { callerSource: 'caller' }).source).toBe('caller');
    expect(accepted({ source: undefined }).source).toBe('anonymous');
  });

  it('takes any payload of a type that it does not know', () => {
    for (const payload of [null, 0, 'text', [], {}])
      expect(accepted({ type: 'other.type', payload }).payload).toBe(JSON.stringify(payload));
  });

  it('bad-24: makes a message id where none is given', () => {
    const event = accepted({ messageId: undefined });
    expect(eventIdTimeMs(event.messageId)).toBe(NOW);
  });

  it.each([
    ['bad-25', ''],
    ['bad-26', 'm'.repeat(129)],
    ['bad-27', 'a\0b'],
    ['bad-27', '😀'],
    ['bad-27', 'a b'],
    ['bad-27', 'a\n'],
    ['bad-28', 7],
    ['bad-28', null],
  ])('%s: refuses the message id %j', (_, messageId) => {
    expect(refused({ messageId })).toMatchObject({ code: 'invalid', faults: [{ path: '/messageId' }] });
  });

  it.each([undefined, '', '1type', 'order paid', 'é', 'a'.repeat(256), 7, null, {}])(
    'bad-29: refuses the type %j',
    (type) => {
      expect(refused({ type })).toMatchObject({ code: 'invalid', faults: [{ path: '/type' }] });
    },
  );

  it('bad-30: refuses a type without operations only where it is told which types have some', () => {
    expect(accepted({ type: 'no.operation' }).type).toBe('no.operation');
    expect(refused({ type: 'no.operation' }, { knownTypes: new Set(['order.paid']) })).toMatchObject({
      code: 'unprocessable',
      faults: [{ path: '/type' }],
    });
    expect(accepted({}, { knownTypes: new Set(['order.paid']) }).type).toBe('order.paid');
  });

  it('bad-32: refuses a request without a payload', () => {
    expect(refused({ payload: undefined })).toEqual({
      code: 'invalid',
      faults: [{ path: '/payload', message: 'required' }],
    });
  });

  it.each([null, 'text', [PAID], 7])(
    'bad-33: answers 422 to the payload %j of a type that wants an object',
    (payload) => {
      expect(refused({ payload })).toMatchObject({ code: 'unprocessable', faults: [{ path: '/payload' }] });
    },
  );

  it('bad-34: counts the bytes of the payload', () => {
    const text = (bytes: number) => ({ type: 'other.type', payload: 'x'.repeat(bytes - 2) });
    expect(accepted(text(LIMITS.payloadBytes)).payload).toHaveLength(LIMITS.payloadBytes);
    expect(refused(text(LIMITS.payloadBytes + 1))).toMatchObject({
      code: 'too_large',
      faults: [{ path: '/payload' }],
    });
    const chinese = { type: 'other.type', payload: '单'.repeat(LIMITS.payloadBytes / 3) };
    expect(refused(chinese).code).toBe('too_large');
  });

  it.each(['', 'k'.repeat(257), '单'.repeat(86), 'a\0', '\ud83d', 7, null])(
    'bad-43: refuses the key %j',
    (key) => {
      expect(refused({ key })).toMatchObject({ code: 'invalid', faults: [{ path: '/key' }] });
    },
  );

  it('takes a key of 256 bytes and an event without one', () => {
    expect(accepted({ key: '单'.repeat(85) + 'k' }).key).toHaveLength(86);
    expect(accepted({ key: undefined }).key).toBeNull();
  });

  it('bad-44: wants a key where an operation of the type is known to be ordered', () => {
    const orderedTypes = new Set(['order.paid']);
    expect(refused({ key: undefined }, { orderedTypes })).toMatchObject({
      code: 'unprocessable',
      faults: [{ path: '/key' }],
    });
    expect(accepted({}, { orderedTypes }).key).toBe('user-7');
  });

  it.each([-1, 1.5, '1000', null, LIMITS.delayMs + 1, 2 ** 60])('bad-45: refuses the delay %j', (delayMs) => {
    expect(refused({ delayMs })).toMatchObject({ code: 'invalid', faults: [{ path: '/delayMs' }] });
  });

  it('counts a delay by the database clock', () => {
    expect(accepted({ delayMs: 1_800_000 }).deliverAt).toBe('2026-03-01T12:30:00.000Z');
    expect(accepted({ delayMs: 1000 }, { databaseOffsetMs: -400.5 }).deliverAt).toBe(
      '2026-03-01T12:00:00.600Z',
    );
    expect(accepted({ delayMs: LIMITS.delayMs }).deliverAt).toBe('2027-03-02T12:00:00.000Z');
    expect(accepted({ delayMs: 0 }).deliverAt).toBeNull();
  });

  it('bad-46: refuses a delay together with a time', () => {
    expect(paths(refused({ delayMs: 1, deliverAt: '2026-03-01T13:00:00Z' }))).toEqual(['/deliverAt']);
    expect(refused({ delayMs: 0, deliverAt: '2026-03-01T13:00:00Z' }).code).toBe('invalid');
  });

  it('bad-46: takes a time that is past, and says so', () => {
    const past = { ...REQUEST, deliverAt: '2020-01-01T00:00:00+08:00' };
    expect(acceptEvent(past, CONTEXT)).toMatchObject({
      event: { deliverAt: '2019-12-31T16:00:00.000Z' },
      overdue: true,
    });
    expect(acceptEvent({ ...REQUEST, deliverAt: '2026-03-01T12:00:01Z' }, CONTEXT)).toMatchObject({
      event: { deliverAt: '2026-03-01T12:00:01.000Z' },
      overdue: false,
    });
  });

  it.each(['tomorrow', 7, null, '2026-03-01T12:00:00', '2027-03-02T12:00:00.001Z'])(
    'bad-45: refuses the time %j',
    (deliverAt) => {
      expect(refused({ deliverAt })).toMatchObject({ code: 'invalid', faults: [{ path: '/deliverAt' }] });
    },
  );

  it('bad-47: names unknown fields', () => {
    expect(refused({ delayMS: 1000, 'a/b': 1 }).faults).toEqual([
      { path: '/delayMS', message: 'unknown field' },
      { path: '/a~1b', message: 'unknown field' },
    ]);
  });

  it('bad-54: checks the payload of a known type and tells paths only', () => {
    const secret = 'secret-value';
    const refusal = refused({
      payload: { orderId: 7, userId: '', amountCents: -1.5, timeoutMessageId: [secret] },
    });
    expect(refusal.code).toBe('unprocessable');
    expect(new Set(paths(refusal))).toEqual(
      new Set(['/payload/orderId', '/payload/userId', '/payload/amountCents', '/payload/timeoutMessageId']),
    );
    expect(JSON.stringify(refusal)).not.toContain(secret);
  });

  it.each([null, undefined, [], 'text', 7])('refuses %j as a whole', (request) => {
    expect(acceptEvent(request, CONTEXT)).toEqual({
      code: 'invalid',
      faults: [{ path: '', message: 'must be an object' }],
    });
  });

  it('tells all faults at once, the gravest first, and at most ten', () => {
    const refusal = refused({
      messageId: '',
      source: '',
      type: 'order.paid',
      key: '',
      delayMs: -1,
      payload: {},
    });
    expect(refusal.code).toBe('invalid');
    expect(paths(refusal).slice(0, 4)).toEqual(['/messageId', '/source', '/key', '/delayMs']);
    expect(paths(refusal)).toContain('/payload/orderId');
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`f${at}`, 0]));
    expect(refused(many).faults).toHaveLength(10);
  });

  it('never throws and never repeats a value, whatever the request', () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant('CANARY'));
    const request = fc.record(
      {
        messageId: value,
        source: value,
        type: value,
        key: value,
        payload: value,
        delayMs: value,
        deliverAt: value,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(request, (fields) => {
        const acceptance = acceptEvent(fields, CONTEXT);
        if ('faults' in acceptance) expect(JSON.stringify(acceptance)).not.toContain('CANARY');
      }),
    );
  });
});
