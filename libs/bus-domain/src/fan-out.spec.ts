import { OPERATION_DEFAULTS, type OperationSettings } from '@bus/contracts';
import type { FilterVerdict } from './expression';
import { fanOut, leaseMsOf } from './fan-out';
import { toRunnableGraph, type RunnableGraph } from './runnable-graph';

function graphOf(...operations: (Partial<OperationSettings> & { name: string })[]): RunnableGraph {
  return toRunnableGraph(
    { graphId: 1, eventType: 'order.paid', version: 1 },
    operations.map((settings, index) => ({
      ...OPERATION_DEFAULTS,
      eventType: 'order.paid',
      endpoint: 'tcp://127.0.0.1:1',
      operationId: index + 1,
      ...settings,
    })),
  );
}

const event = { key: 'user-7', deliverAt: null };
const free = { verdicts: new Map<number, FilterVerdict>(), take: () => true };
const full = { verdicts: new Map<number, FilterVerdict>(), take: () => false };

describe(fanOut, () => {
  it('starts at once what has a slot and waits for nothing', () => {
    expect(fanOut(event, graphOf({ name: 'points.grant', timeoutMs: 4000 }), free)).toEqual([
      {
        operationId: 1,
        laneKey: null,
        pending: [],
        leaseMs: 12_000,
        start: { kind: 'place', slot: true },
      },
    ]);
  });

  it('places without a slot what is full, paused or rated', () => {
    const [planned] = fanOut(event, graphOf({ name: 'points.grant' }), full);
    expect(planned.start).toEqual({ kind: 'place', slot: false });
  });

  it('asks for no slot while a dependency is pending', () => {
    const taken: number[] = [];
    const planned = fanOut(
      event,
      graphOf({ name: 'coupons.issue' }, { name: 'wechat.notify', dependsOn: ['coupons.issue'] }),
      { ...free, take: (id) => taken.push(id) > 0 },
    );
    expect(planned[1]).toMatchObject({ pending: [1], start: { kind: 'place', slot: false } });
    expect(taken).toEqual([1]);
  });

  it('skips what its filter refuses, and counts that as satisfied', () => {
    const graph = graphOf(
      { name: 'coupons.issue', filter: 'payload.amountCents >= 5000' },
      { name: 'wechat.notify', dependsOn: ['coupons.issue'] },
    );
    const planned = fanOut(event, graph, { ...free, verdicts: new Map([[1, 'no']]) });
    expect(planned[0].start).toEqual({ kind: 'skipped', code: 'filtered' });
    expect(planned[1]).toMatchObject({ pending: [], start: { kind: 'place', slot: true } });
  });

  it('trap-22: places what its filter could not judge', () => {
    const [planned] = fanOut(event, graphOf({ name: 'coupons.issue', filter: '$f()' }), {
      ...free,
      verdicts: new Map([[1, 'failed']]),
    });
    expect(planned.start).toEqual({ kind: 'place', slot: true });
  });

  it('skips disabled operations whatever their filter says', () => {
    const [planned] = fanOut(event, graphOf({ name: 'sms.send', state: 'disabled', filter: 'x' }), {
      ...free,
      verdicts: new Map([[1, 'yes']]),
    });
    expect(planned.start).toEqual({ kind: 'skipped', code: 'disabled' });
  });

  it('stores for later what the event or the operation delays', () => {
    const graph = graphOf({ name: 'sms.send' }, { name: 'sms.remind-payment', delayMs: 500 });
    const starts = (deliverAt: string | null) =>
      fanOut({ key: null, deliverAt }, graph, free).map(({ start }) => start);
    expect(starts('2026-01-02T00:00:00Z')).toEqual([
      { kind: 'later', at: '2026-01-02T00:00:00Z', plusMs: 0 },
      { kind: 'later', at: '2026-01-02T00:00:00Z', plusMs: 500 },
    ]);
    expect(starts(null)).toEqual([
      { kind: 'place', slot: true },
      { kind: 'later', at: null, plusMs: 500 },
    ]);
  });

  it('gives ordered operations the key as their lane, and none without a key', () => {
    const graph = graphOf({ name: 'points.grant', ordered: true }, { name: 'sms.send' });
    expect(fanOut(event, graph, free).map(({ laneKey }) => laneKey)).toEqual(['user-7', null]);
    expect(fanOut({ ...event, key: null }, graph, free).map(({ laneKey }) => laneKey)).toEqual([null, null]);
  });

  it('leases for three timeouts, and long enough to send a call with a short one', () => {
    expect([100, 5000, 30_000].map((timeoutMs) => leaseMsOf({ timeoutMs }))).toEqual([5000, 15_000, 90_000]);
  });
});
