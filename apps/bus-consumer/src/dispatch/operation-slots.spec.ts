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
    expect(slots.take(1)).toBe(true);
  });
});
