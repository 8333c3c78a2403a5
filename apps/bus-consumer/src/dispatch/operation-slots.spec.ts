import { ActiveGraphs } from '../graphs/active-graphs';
import { FakeGraphs, graphOf } from '../testing/fake-graphs';
import { ManualTime } from '../testing/manual-time';
import { OperationSlots } from './operation-slots';

describe(OperationSlots, () => {
  const time = new ManualTime();
  async function slotsOf(...operations: Parameters<typeof graphOf>[0][number][]): Promise<OperationSlots> {
    const graphs = new ActiveGraphs(new FakeGraphs([graphOf(operations)]), time.clock);
    await graphs.refresh();
    return new OperationSlots(graphs, time.clock);
  }
  const takeAll = (slots: OperationSlots) => {
    let taken = 0;
    while (slots.take(1)) taken++;
    return taken;
  };

  it('holds the calls of an operation, and what those end within 2 s at the recent mean', async () => {
    const slots = await slotsOf({ name: 'sms.send', concurrency: 4 });
    for (let n = 0; n < 500; n++) slots.called(1, 200, true);
    expect(takeAll(slots)).toBe(4 + (4 * 2000) / 200);
    slots.release(1);
    expect(slots.take(1)).toBe(true);
    expect(slots.take(1)).toBe(false);
  });

  it('holds few of an operation that has not ended a call yet, and of a fast one more with each that ends', async () => {
    const slots = await slotsOf({ name: 'sms.send', concurrency: 4 });
    expect(takeAll(slots)).toBe(4 + 4 * 2);
    for (let n = 0; n < 100; n++) slots.called(1, 1, true);
    expect(takeAll(slots)).toBeGreaterThan(1000);
  });

  it('never holds more than the window of a fast operation', async () => {
    const slots = await slotsOf({ name: 'sms.send', concurrency: 64 });
    for (let n = 0; n < 500; n++) slots.called(1, 0, true);
    expect(takeAll(slots)).toBe(2064);
  });

  it('gives none to paused, disabled and rated operations: they pass due', async () => {
    const slots = await slotsOf(
      { name: 'a.run', state: 'paused' },
      { name: 'b.run', state: 'disabled' },
      { name: 'c.run', ratePerSecond: 5, concurrency: 3 },
    );
    expect([1, 2, 3, 4].map((id) => slots.take(id))).toEqual([false, false, false, false]);
    expect([1, 2].map((id) => slots.free(id))).toEqual([0, 0]);
    expect(slots.free(3)).toBe(3);
  });

  it('lets one probe a second through to a service that answers nothing, until it answers', async () => {
    const slots = await slotsOf({ name: 'sms.send' });
    for (let n = 0; n < 10; n++) slots.called(1, 5000, false);
    expect(slots.take(1)).toBe(false);
    expect(slots.free(1)).toBe(1);
    slots.reserve(1, 1);
    expect(slots.free(1)).toBe(0);
    await time.advance(1000);
    expect(slots.free(1)).toBe(1);
    slots.called(1, 5, true);
    slots.release(1);
    expect(slots.take(1)).toBe(true);
  });

  it('trap-16: a service that comes back gets 1 execution at a time, then twice as many every 10 s', async () => {
    const slots = await slotsOf({ name: 'sms.send', concurrency: 4 });
    for (let n = 0; n < 500; n++) slots.called(1, 1000, true);
    for (let n = 0; n < 10; n++) slots.called(1, 1000, false);
    slots.called(1, 1000, true);
    const ramp = [];
    for (let step = 0; step < 6; step++) {
      ramp.push([slots.free(1), slots.capacity(1), takeAll(slots)]);
      slots.release(1, 100);
      await time.advance(10_000);
    }
    expect(ramp).toEqual([1, 2, 4, 8, 12, 12].map((limit) => [limit, limit, limit]));
  });

  it('begins at 1 again where the service goes away once more meanwhile', async () => {
    const slots = await slotsOf({ name: 'sms.send' });
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 10; n++) slots.called(1, 5, false);
      slots.called(1, 5, true);
      expect(slots.capacity(1)).toBe(1);
      await time.advance(20_000);
      expect(slots.capacity(1)).toBe(4);
    }
  });

  it('trap-16: offers a fifth of the slots to retries, less those in hand', async () => {
    const slots = await slotsOf({ name: 'sms.send', concurrency: 4 });
    for (let n = 0; n < 500; n++) slots.called(1, 200, true);
    expect([slots.capacity(1), slots.retryRoom(1)]).toEqual([44, 8]);
    for (let n = 0; n < 9; n++) slots.heldRetry(1, 1);
    expect(slots.retryRoom(1)).toBe(0);
    for (let n = 0; n < 4; n++) slots.heldRetry(1, -1);
    expect(slots.retryRoom(1)).toBe(3);
  });

  it('offers every fifth claim to a retry where the slots are too few to be shared', async () => {
    const slots = await slotsOf({ name: 'sms.send', concurrency: 1 });
    for (let n = 0; n < 500; n++) slots.called(1, 4000, true);
    expect(slots.capacity(1)).toBe(1);
    expect(Array.from({ length: 10 }, () => slots.retryRoom(1))).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  });

  it('lets one call out for each probe, whatever else is queued', async () => {
    const slots = await slotsOf({ name: 'sms.send' });
    expect([slots.mayCall(1), slots.mayCall(1)]).toEqual([true, true]);
    for (let n = 0; n < 10; n++) slots.called(1, 5, false);
    expect(slots.mayCall(1)).toBe(false);
    await time.advance(1000);
    slots.reserve(1, 1);
    expect([slots.mayCall(1), slots.mayCall(1)]).toEqual([true, false]);
  });
});
