import { gate, within } from '../testing/eventually';
import { recordLog, type RecordedLog } from '../testing/record-log';
import { DrainState } from './drain-state';

describe(DrainState.name, () => {
  let log: RecordedLog;
  let state: DrainState;
  let order: string[];

  beforeEach(() => {
    log = recordLog();
    state = new DrainState();
    order = [];
  });

  const noted = (name: string) => async () => void order.push(name);

  it('is not draining until it is told to', async () => {
    expect(state.draining).toBe(false);
    const drain = state.drain();
    expect(state.draining).toBe(true);
    expect(await drain).toBe(true);
    expect(state.draining).toBe(true);
  });

  it('drains the doors together, then each step after the one before, in order of registration', async () => {
    const [http, first] = [gate(), gate()];
    state.onDrain('first', () => noted('first')().then(() => first.passed));
    state.onDrainDoor('http', () => noted('http')().then(() => http.passed));
    state.onDrain('second', noted('second'));
    state.onDrainDoor('rpc', noted('rpc'));
    const drain = state.drain();
    expect(order).toEqual(['http', 'rpc']);
    http.open();
    await new Promise((next) => setImmediate(next));
    expect(order).toEqual(['http', 'rpc', 'first']);
    first.open();
    expect(await within(drain, 'the drain')).toBe(true);
    expect(order).toEqual(['http', 'rpc', 'first', 'second']);
  });

  it('runs once, however often it is asked', async () => {
    state.onDrain('step', noted('step'));
    expect(await Promise.all([state.drain(), state.drain(), state.drain()])).toEqual([true, true, true]);
    expect(await state.drain()).toBe(true);
    expect(order).toEqual(['step']);
  });

  it('logs a step that fails and runs the next', async () => {
    state.onDrainDoor('door', () => Promise.reject(new Error('is stuck')));
    state.onDrain('broken', () => {
      throw new Error('is broken');
    });
    state.onDrain('last', noted('last'));
    expect(await state.drain()).toBe(true);
    expect(order).toEqual(['last']);
    expect(log.lines).toMatchObject([
      { level: 'error', step: 'door', err: { message: 'is stuck' } },
      { level: 'error', step: 'broken', err: { message: 'is broken' } },
    ]);
  });

  it('is cut short at its time limit, and says so', async () => {
    state.onDrain('hangs', () => new Promise(() => undefined));
    state.onDrain('next', noted('next'));
    expect(await within(state.drain(20), 'the drain')).toBe(false);
    expect(order).toEqual([]);
    expect(log.lines).toMatchObject([{ level: 'warn' }]);
  });
});
