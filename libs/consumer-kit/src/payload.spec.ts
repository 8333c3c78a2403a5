import { orderCreated, orderPaid } from '@bus/contracts';
import { z } from 'zod';
import { pointerOf, readPayload, RefusedRequestError, type PayloadSchemas } from './payload';
import { kitRequest } from './testing/kit-request';

const { event } = kitRequest();
const EVENTS = { 'order.paid': orderPaid, 'order.created': orderCreated };
const PAID = { orderId: '1001', userId: 'user-7', amountCents: 9_900 };

function read(type: string, payload: unknown, schemas: PayloadSchemas = EVENTS): unknown {
  return readPayload(kitRequest({ event: { ...event, type, payload } }), schemas);
}

/** The error that a payload is refused with. */
function refusal(type: string, payload: unknown, schemas?: PayloadSchemas): RefusedRequestError {
  try {
    read(type, payload, schemas);
  } catch (error) {
    if (error instanceof RefusedRequestError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe(readPayload.name, () => {
  it('gives the payload by the schema of its event type', () => {
    expect(read('order.paid', PAID)).toEqual(PAID);
    expect(read('order.created', { orderId: '1001', userId: 'user-7' })).toEqual({
      orderId: '1001',
      userId: 'user-7',
    });
  });

  it.each(['order.refunded', 'constructor', '__proto__', 'toString'])(
    'refuses the event type %s, which the operation does not handle',
    (type) => {
      expect(refusal(type, PAID)).toMatchObject({
        rejection: 'unknown_event_type',
        message: 'kit.apply does not handle this event type.',
      });
    },
  );

  it('names where and how a payload does not fit, and none of its values', () => {
    const error = refusal('order.paid', { orderId: 7, userId: '', amountCents: 'SECRET' });
    expect(error).toMatchObject({
      rejection: 'invalid_payload',
      message:
        'The payload does not fit: /orderId invalid_type, /userId too_small, /amountCents invalid_type.',
    });
    expect(error.faults.map(({ path }) => path)).toEqual(['/orderId', '/userId', '/amountCents']);
  });

  it('points at the whole where it is of another kind', () => {
    expect(refusal('order.paid', null).message).toBe('The payload does not fit: / invalid_type.');
  });

  it('names at most 10 faults', () => {
    const schemas = { 'order.paid': z.array(z.number()) };
    const error = refusal('order.paid', Array(50).fill('x'), schemas);
    expect(error.faults).toHaveLength(10);
    expect(error.message.match(/invalid_type/g)).toHaveLength(10);
  });
});

describe(pointerOf.name, () => {
  it('is a JSON pointer by RFC 6901', () => {
    expect(pointerOf([])).toBe('');
    expect(pointerOf(['lines', 0, 'a/b', 'm~n'])).toBe('/lines/0/a~1b/m~0n');
  });
});
