import type { TimelineExecution } from '@bus/store';
import { waitingWords } from './waiting-words';

const readAt = new Date('2026-01-31T08:00:00Z');
const later = new Date('2026-01-31T08:30:00Z');

function words(over: Partial<TimelineExecution>): string | null {
  const execution: TimelineExecution = {
    operationId: 1,
    operation: 'wechat.notify',
    state: 'waiting',
    attempt: 0,
    operationState: 'active',
    dueAt: null,
    leaseUntil: null,
    dependencies: [],
    lane: null,
    deadLetter: null,
    attempts: [],
    ...over,
  };
  return waitingWords(execution, readAt);
}

describe(waitingWords, () => {
  it.each(['completed', 'skipped', 'rejected', 'dead', 'cancelled'] as const)(
    'says nothing of %s',
    (state) => {
      expect(words({ state })).toBeNull();
    },
  );

  it('tells when a delayed one starts, and what it waits for once it is due', () => {
    expect(words({ state: 'scheduled', dueAt: later })).toBe('starts at 2026-01-31T08:30:00.000Z');
    expect(words({ state: 'scheduled', dueAt: readAt })).toBe('starts as soon as there is a free slot');
  });

  it('tells when the next attempt starts', () => {
    expect(words({ state: 'retrying', attempt: 3, dueAt: later })).toBe(
      'attempt 3 did not succeed; the next one starts at 2026-01-31T08:30:00.000Z',
    );
  });

  it('tells the attempt that runs and how long it may', () => {
    expect(words({ state: 'in_flight', attempt: 2, leaseUntil: later })).toBe(
      'the answer of attempt 2; without an end by 2026-01-31T08:30:00.000Z it is tried again',
    );
  });

  it('names dependencies and the lane, both where both hold it', () => {
    const head = { eventId: 'e', source: 'payments', messageId: 'order-1-paid' };
    const dependencies = [{ operation: 'coupons.issue', dead: false }];

    expect(words({ dependencies, lane: { key: 'user-7', head, blocked: false } })).toBe(
      'the end of coupons.issue; its turn in the lane of key user-7, behind order-1-paid of payments',
    );
  });

  it('says that a person is needed, and why', () => {
    const head = { eventId: 'e', source: '', messageId: '' };

    expect(words({ state: 'held', operationState: 'paused' })).toBe('a person: the operation is paused');
    expect(words({ state: 'held', operationState: 'disabled' })).toBe('a person: the operation is disabled');
    expect(words({ state: 'held', dependencies: [{ operation: 'coupons.issue', dead: true }] })).toBe(
      'a person: coupons.issue died',
    );
    expect(words({ state: 'held', lane: { key: 'user-7', head, blocked: true } })).toBe(
      'a person: e died and blocks the lane of key user-7',
    );
  });
});
