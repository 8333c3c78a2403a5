import { SystemClock } from '@bus/app-shell';
import { EventControlStore } from '@bus/store';
import { StoreHints } from '../publish/store-hints';
import { StoreEventControl } from './store-event-control';

const EVENT = { source: 's', messageId: 'm' };

class HungStore extends EventControlStore {
  cancel = () => new Promise<never>(() => undefined);
  reschedule = () => new Promise<never>(() => undefined);
  getEvent = () => new Promise<never>(() => undefined);
  hints = () => new Promise<never>(() => undefined);
}

describe(StoreEventControl.name, () => {
  const control = new StoreEventControl(new HungStore(), new StoreHints(), new SystemClock());

  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('bad-71: answers unknown within 5 s where the store hangs', async () => {
    const answers = [control.cancel(EVENT), control.reschedule(EVENT, { deliverAt: '2026-03-01T12:00:00Z' })];
    const settled = Promise.allSettled([...answers, control.getEvent(EVENT)]);
    await jest.advanceTimersByTimeAsync(5_000);
    for (const answer of await settled)
      expect(answer).toMatchObject({
        status: 'rejected',
        reason: { code: 'unavailable', outcome: 'unknown' },
      });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('asks the store nothing that has faults', async () => {
    await expect(control.cancel({})).rejects.toMatchObject({ code: 'invalid', faults: [{}, {}] });
    await expect(control.reschedule(EVENT, {})).rejects.toMatchObject({ faults: [{ path: '/deliverAt' }] });
    await expect(control.findEvent(null)).rejects.toMatchObject({ code: 'invalid' });
  });
});
