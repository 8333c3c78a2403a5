import type { ClaimOutcome, LedgerPulse } from '@bus/store';
import { ActiveGraphs } from '../graphs/active-graphs';
import { FakeGraphs, graphOf } from '../testing/fake-graphs';
import { ManualTime } from '../testing/manual-time';
import { ClaimPace } from './claim-pace';
import { ExecutionsInHand } from './executions-in-hand';
import { InFlightWindow } from './in-flight-window';
import { OperationSlots } from './operation-slots';

const claimed = (operationId: number, count: number, more: boolean): ClaimOutcome => ({
  executions: Array.from({ length: count }, (_, n) => ({
    eventId: String(n),
    operationId,
    attempt: 1,
    counted: 1,
    inputs: null,
    forcedRuns: 0,
  })),
  events: [],
  lowWater: new Map([[operationId, 'mark']]),
  more: new Set(more ? [operationId] : []),
});

const pulse = (dueOperationIds: number[], lowWater = new Map<number, string>()): LedgerPulse => ({
  dueOperationIds,
  nextDueInMs: null,
  leaseEnded: false,
  lowWater,
  revision: '1',
});

describe(ClaimPace, () => {
  let time: ManualTime;
  let slots: OperationSlots;
  let window: InFlightWindow;
  let pace: ClaimPace;
  beforeEach(async () => {
    time = new ManualTime();
    const graphs = new ActiveGraphs(
      new FakeGraphs([
        graphOf([
          { name: 'sms.send', concurrency: 10, timeoutMs: 2000 },
          { name: 'points.grant', ordered: true },
          { name: 'wechat.notify', ratePerSecond: 10 },
        ]),
      ]),
      time.clock,
    );
    await graphs.refresh();
    window = new InFlightWindow();
    slots = new OperationSlots(graphs, time.clock);
    for (const id of [1, 2, 3]) for (let n = 0; n < 500; n++) slots.called(id, 100, true);
    pace = new ClaimPace(new ExecutionsInHand(window, slots, graphs, time.clock), graphs, time.clock);
  });

  it('offers nothing where nothing is expected', () => {
    expect(pace.reserve()).toEqual([]);
  });

  it('offers what it knows of each operation, with its slots reserved', () => {
    pace.see(pulse([1, 2, 3]), new Set());
    expect(pace.reserve()).toEqual([
      {
        operationId: 1,
        free: 166,
        retries: 42,
        leaseMs: 6000,
        ordered: false,
        ratePerSecond: null,
        lowWater: null,
      },
      {
        operationId: 2,
        free: 166,
        retries: 268,
        leaseMs: 15_000,
        ordered: true,
        ratePerSecond: null,
        lowWater: null,
      },
      {
        operationId: 3,
        free: 64,
        retries: 268,
        leaseMs: 15_000,
        ordered: false,
        ratePerSecond: 10,
        lowWater: null,
      },
    ]);
    expect([1, 2, 3].map((id) => slots.held(id))).toEqual([166, 166, 64]);
    expect(pace.isExpecting).toBe(false);
  });

  it('claims by itself what only retired graphs have: its lanes and its rate are known to the store', () => {
    pace.see(pulse([9]), new Set());
    expect(pace.reserve()).toMatchObject([{ operationId: 9, ordered: true, leaseMs: 90_000 }]);
  });

  it('gives unused slots back and expects again where there is more', () => {
    pace.expect(1);
    const rooms = pace.reserve();
    pace.claimed(rooms, claimed(1, 3, false));
    expect(slots.held(1)).toBe(3);
    expect(pace.isExpecting).toBe(false);
    pace.expect(1);
    const [room] = pace.reserve();
    expect(room.lowWater).toBe('mark');
    pace.claimed([room], claimed(1, room.free, true));
    expect(pace.isExpecting).toBe(true);
  });

  it('waits for a quarter of the slots, or a tenth of a second, while there is work in hand', async () => {
    slots.reserve(1, slots.capacity(1));
    pace.expect(1);
    const first = pace.reserve();
    expect(first).toEqual([]);
    slots.release(1, 100);
    const [room] = pace.reserve();
    expect(room.free).toBe(100);
    pace.claimed([room], claimed(1, 100, true));
    slots.release(1, 5);
    expect(pace.reserve()).toEqual([]);
    await time.advance(100);
    expect(pace.reserve()[0].free).toBe(5);
  });

  it('asks a rated operation every 200 ms while it has due rows', async () => {
    pace.expect(3);
    pace.claimed(pace.reserve(), claimed(3, 0, false));
    expect(pace.reserve()).toEqual([]);
    await time.advance(200);
    expect(pace.reserve()[0].operationId).toBe(3);
  });

  it('claims no more events than fit into memory', async () => {
    await window.reserve(1960, 1, time);
    pace.expect(1);
    expect(pace.reserve()[0].free).toBe(40);
    pace.expect(2);
    slots.release(1, 40);
    await window.reserve(40, 1, time);
    expect(pace.reserve()).toEqual([]);
  });

  it('claims above the mark of a pulse that found nothing', () => {
    pace.see(pulse([1], new Map([[2, 'idle']])), new Set());
    pace.expect(2);
    expect(pace.reserve().map(({ lowWater }) => lowWater)).toEqual([null, 'idle']);
  });

  it('forgets its marks after a failed claim, and looks everywhere every five minutes', async () => {
    pace.expect(1);
    pace.claimed(pace.reserve(), claimed(1, 0, false));
    pace.expect(1);
    pace.failed(pace.reserve());
    expect(slots.held(1)).toBe(0);
    const rooms = pace.reserve();
    expect(rooms[0].lowWater).toBeNull();
    pace.failed(rooms);
    await time.advance(5 * 60_000);
    pace.see(pulse([]), new Set());
    expect(pace.reserve().map(({ operationId }) => operationId)).toEqual([1, 2, 3]);
  });
});
