import { completed, type CancelAnswer, type EventReference, type OperationRequest } from '@bus/contracts';
import { EventControlStore } from '@bus/store';
import { BuiltInOperationCaller } from '../callers/built-in-operation-caller';
import type { OutgoingCall } from '../callers/operation-caller';
import { ConsumerBench } from '../../testing/consumer-bench';
import { FakeServices } from '../../testing/fake-services';
import { CancelDelayed } from './cancel-delayed';

describe(CancelDelayed, () => {
  const cancelled: EventReference[] = [];
  const control = {
    cancel: async (event: EventReference): Promise<CancelAnswer> => {
      cancelled.push(event);
      return { outcome: 'too_late', executions: [] };
    },
  };
  const request = (payload: unknown) => ({ event: { payload, source: 'payments' } }) as OperationRequest;

  it('completes on each outcome, and says it', async () => {
    const result = await new CancelDelayed(control, 'orders').execute(
      request({ messageId: 'order-1-timeout' }),
    );
    expect(result).toEqual({ status: 'completed', output: { outcome: 'too_late' } });
    expect(cancelled).toEqual([{ source: 'orders', messageId: 'order-1-timeout' }]);
  });

  it.each([{}, null, { messageId: 7 }, { messageId: '' }, { messageId: 'a b' }, 'order-1'])(
    'rejects a payload without a message id: %j',
    async (payload) => {
      const result = await new CancelDelayed(control, 'orders').execute(request(payload));
      expect(result).toMatchObject({ status: 'rejected', code: 'invalid_payload' });
    },
  );

  it('rejects without a source of its own: the payload never names one', async () => {
    const result = await new CancelDelayed(control, null).execute(
      request({ messageId: 'x', source: 'orders', cancelSource: 'orders' }),
    );
    expect(result).toMatchObject({ status: 'rejected', code: 'no_cancel_source' });
  });
});

describe('bus.cancel-delayed', () => {
  let bench: ConsumerBench;
  beforeEach(async () => {
    bench = await ConsumerBench.open();
  });
  afterEach(() => bench.close());

  it('cancels the delayed event that the payload names, once, and lets the others be', async () => {
    await bench.activate('order.paid', [
      {
        name: 'bus.cancel-delayed',
        filter: '$exists(payload.timeoutMessageId)',
        mapping: '{"messageId": payload.timeoutMessageId}',
        cancelSource: 'spec',
      },
    ]);
    await bench.activate('order.payment-timeout', [{ name: 'sms.remind-payment' }]);
    const services = new FakeServices().on('sms.remind-payment', () => completed());
    const replica = await bench.start(services);
    const builtIn = new BuiltInOperationCaller(replica.app.get(EventControlStore));
    const call = services.call.bind(services);
    services.call = (outgoing: OutgoingCall, done) =>
      (outgoing.operation.name === 'bus.cancel-delayed' ? builtIn.call.bind(builtIn) : call)(outgoing, done);

    const type = 'order.payment-timeout';
    const deliverAt = new Date(Date.now() + 3_600_000).toISOString();
    await bench.publish([
      { messageId: 'order-1-timeout', type, deliverAt },
      { messageId: 'order-2-timeout', type, deliverAt },
    ]);
    await bench.until('select from bus.due', (rows) => rows.length === 2);
    await bench.publish([
      { messageId: 'order-1-paid', payload: '{"timeoutMessageId":"order-1-timeout"}' },
      { messageId: 'order-3-paid', payload: '{}' },
    ]);
    await bench.until<{ n: number }>('select count(*)::int as n from bus.attempt', ([row]) => row.n === 2);
    expect(await bench.states('order-1-paid')).toEqual({ 'bus.cancel-delayed': 'completed' });
    expect(await bench.states('order-3-paid')).toEqual({ 'bus.cancel-delayed': 'skipped' });
    expect(await bench.states('order-1-timeout')).toEqual({ 'sms.remind-payment': 'cancelled' });
    expect(await bench.states('order-2-timeout')).toEqual({ 'sms.remind-payment': 'scheduled' });
    const { rows } = await bench.pool.query<{ output: unknown }>(
      'select output from bus.attempt where output is not null',
    );
    expect(rows).toEqual([{ output: { outcome: 'cancelled' } }]);
  });
});
