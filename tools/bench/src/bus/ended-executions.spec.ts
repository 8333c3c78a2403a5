import type { AttemptEnd, CloseOutcome, DispatchContext, ExecutionLedger } from '@bus/store';
import { EndedExecutions } from './ended-executions';

describe(EndedExecutions, () => {
  const end = (eventId: string, operationId: number, kind: 'ended' | 'again' | 'dead') =>
    ({ eventId, operationId, after: { kind } }) as unknown as AttemptEnd;
  const open = (outcome: Partial<CloseOutcome>) => {
    const answer = {
      applied: [],
      dead: [],
      released: { executions: [], events: [] },
      dueNow: false,
      ...outcome,
    };
    const ledger = { close: async () => answer } as unknown as ExecutionLedger;
    const ended = new EndedExecutions(ledger, (id) => `operation-${id}`);
    return { ended, close: (...ends: AttemptEnd[]) => ledger.close(ends, {} as DispatchContext) };
  };

  it('waits for so many ends of each operation', async () => {
    const { ended, close } = open({ applied: [true, true] });
    let isDone = false;
    const waiting = ended.until(['operation-1', 'operation-2'], 2).then(() => (isDone = true));
    await close(end('a', 1, 'ended'), end('a', 2, 'ended'));
    expect(isDone).toBe(false);
    await close(end('b', 1, 'ended'), end('b', 2, 'dead'));
    await waiting;
    expect(ended.endMs('a', 'operation-1')).toBeLessThanOrEqual(ended.endMs('b', 'operation-1'));
  });

  it('counts no attempt that is tried again or was fenced off, but one that died of it', async () => {
    const { ended, close } = open({ applied: [true, false, true], dead: [2] });
    await close(end('a', 1, 'again'), end('b', 1, 'ended'), end('c', 1, 'again'));
    expect(ended.endMs('a', 'operation-1')).toBeNaN();
    expect(ended.endMs('b', 'operation-1')).toBeNaN();
    expect(ended.endMs('c', 'operation-1')).toBeGreaterThan(0);
    expect(ended.closedAttempts).toBe(3);
  });

  it('forgets everything when it is reset', async () => {
    const { ended, close } = open({ applied: [true] });
    await close(end('a', 1, 'ended'));
    ended.reset();
    expect(ended.endMs('a', 'operation-1')).toBeNaN();
    expect(ended.closedAttempts).toBe(0);
  });
});
