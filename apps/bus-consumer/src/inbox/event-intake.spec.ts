import { completed } from '@bus/contracts';
import { RECORD_HEADER } from '@bus/contracts';
import { ConsumerBench } from '../testing/consumer-bench';
import { FakeServices } from '../testing/fake-services';
import { EventIntake } from './event-intake';

describe(EventIntake, () => {
  let bench: ConsumerBench;
  let services: FakeServices;
  beforeEach(async () => {
    bench = await ConsumerBench.open({ partitions: 1 });
    services = new FakeServices();
  });
  afterEach(() => bench.close());

  const quarantine = () =>
    bench.pool
      .query<{ fault: string }>('select fault from bus.quarantine order by broker_offset')
      .then(({ rows }) => rows.map((row) => row.fault));

  it('runs a message once, however often it was published, and keeps other content under its id', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send' }]);
    await bench.publish([
      { messageId: 'order-1', payload: '{"a":1}' },
      { messageId: 'order-1', payload: '{"a":1}' },
      { messageId: 'order-1', payload: '{"a":2}' },
    ]);
    await bench.start(services);
    await bench.untilEnded(1);
    await bench.publish([
      { messageId: 'order-1', payload: '{"a":1}' },
      { messageId: 'order-1', payload: '{"a":3}' },
      { messageId: 'order-2', payload: '{"a":1}' },
    ]);
    await bench.untilEnded(2);
    expect(services.callsOf('sms.send').sort()).toEqual(['order-1', 'order-2']);
    expect(await quarantine()).toEqual(['identity_conflict', 'identity_conflict']);
  });

  it('takes repeats of the first content for repeats, though other content stands before them in their batch', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send' }]);
    await bench.start(services);
    await bench.publish([{ messageId: 'order-1', payload: '{"a":1}' }]);
    await bench.untilEnded(1);
    await bench.publish([
      { messageId: 'order-1', payload: '{"a":2}' },
      { messageId: 'order-1', payload: '{"a":1}' },
      { messageId: 'order-1', payload: '{"a":1}' },
      { messageId: 'order-2', payload: '{"a":1}' },
    ]);
    await bench.untilEnded(2);
    expect(await quarantine()).toEqual(['identity_conflict']);
  });

  it('keeps each record with other content, those that repeat one another too', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send' }]);
    await bench.start(services);
    await bench.publish([{ messageId: 'order-1', payload: '{"a":1}' }]);
    await bench.untilEnded(1);
    const other = { messageId: 'order-1', payload: '{"a":2}' };
    await bench.publish([other, other, other, { messageId: 'order-2', payload: '{"a":1}' }]);
    await bench.untilEnded(2);
    expect(await quarantine()).toEqual(Array(3).fill('identity_conflict'));
  });

  it('puts a record that cannot be decoded into quarantine, and goes on behind it', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send' }]);
    await bench.publish([{ messageId: 'order-1' }]);
    await bench.appendRaw('not json', { [RECORD_HEADER.id]: 'x' });
    await bench.publish([{ messageId: 'order-2' }]);
    await bench.start(services);
    await bench.untilEnded(2);
    expect(await quarantine()).toEqual(['unknown_specversion']);
  });

  it('stores an event whose type has no operations', async () => {
    await bench.start(services);
    await bench.publish([{ messageId: 'order-1', type: 'order.created' }]);
    const rows = await bench.until<{ graph_id: number | null }>(
      'select graph_id from bus.event',
      (found) => found.length === 1,
    );
    expect(rows).toEqual([{ graph_id: null }]);
  });

  it('plans again under a graph that was activated meanwhile', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send' }]);
    await bench.start(services);
    await bench.activate('order.paid', [{ name: 'sms.send' }, { name: 'points.grant' }], 1);
    await bench.publish([{ messageId: 'order-1' }]);
    await bench.untilEnded(2);
    expect(await bench.states('order-1')).toEqual({ 'sms.send': 'completed', 'points.grant': 'completed' });
  });

  it('skips what a filter refuses, and gives what a mapping makes', async () => {
    await bench.activate('order.paid', [
      {
        name: 'coupons.issue',
        filter: 'payload.amountCents >= 5000',
        mapping: '{"cents": payload.amountCents}',
      },
    ]);
    await bench.start(services);
    await bench.publish([
      { messageId: 'order-1', payload: '{"amountCents":5000}' },
      { messageId: 'order-2', payload: '{"amountCents":4999}' },
    ]);
    await bench.untilEnded(2);
    expect(services.calls.map(({ messageId, request }) => [messageId, request.event.payload])).toEqual([
      ['order-1', { cents: 5000 }],
    ]);
    expect(await bench.states('order-2')).toEqual({ 'coupons.issue': 'skipped' });
  });

  it('trap-22: an event whose filter or mapping fails ends rejected, without a call', async () => {
    await bench.activate('order.paid', [
      { name: 'coupons.issue', filter: 'payload.amountCents >= 5000' },
      { name: 'points.grant', mapping: '($f := function() { $f() }; $f())' },
      { name: 'sms.send' },
    ]);
    services.on('sms.send', () => completed());
    await bench.start(services);
    await bench.publish([{ messageId: 'order-1', payload: '{"amountCents":"much"}' }]);
    const rows = await bench.until<{ code: string }>(
      'select code from bus.dead_letter order by code',
      (found) => found.length === 2,
    );
    expect(rows.map((row) => row.code)).toEqual(['filter_failed', 'mapping_failed']);
    await services.when(() => services.callCount === 1);
    expect(services.callsOf('sms.send')).toEqual(['order-1']);
  });
});
