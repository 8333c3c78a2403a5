import {
  EVENT_TYPE_PATTERN,
  LIMITS,
  MESSAGE_ID_PATTERN,
  OPERATION_NAME_PATTERN,
  SOURCE_PATTERN,
} from './limits';
import { OPERATION_DEFAULTS } from './operation-settings';

const patterns = {
  'an event type': EVENT_TYPE_PATTERN,
  'a message id': MESSAGE_ID_PATTERN,
  'a source': SOURCE_PATTERN,
  'the name of an operation': OPERATION_NAME_PATTERN,
};

describe('Patterns', () => {
  it.each<[keyof typeof patterns, string[]]>([
    ['an event type', ['a', 'order.paid', 'Order_Paid-2', `a${'x'.repeat(254)}`]],
    ['a message id', ['1', '~!"#', 'm'.repeat(LIMITS.messageIdLength)]],
    ['a source', ['payments', 'urn:x:y', 'https://a.example/b?c=d#e', 's'.repeat(LIMITS.sourceLength)]],
    ['the name of an operation', ['points.grant', 'bus.cancel-delayed', 'a1.b2.c3']],
  ])('take as %s', (what, texts) => {
    expect(texts.filter((text) => !patterns[what].test(text))).toEqual([]);
  });

  it.each<[keyof typeof patterns, string[]]>([
    ['an event type', ['', '1', '.a', 'order paid', 'order.paid\n', 'bezahlt.ä', `a${'x'.repeat(255)}`]],
    ['a message id', ['', 'a b', 'é', 'a\n', '\x7f', 'm'.repeat(LIMITS.messageIdLength + 1)]],
    ['a source', ['', 'a b', '支付', 's'.repeat(LIMITS.sourceLength + 1)]],
    ['the name of an operation', ['', 'points', 'Points.grant', 'points.', '.grant', 'points..grant', '1.a']],
  ])('do not take as %s', (what, texts) => {
    expect(texts.filter((text) => patterns[what].test(text))).toEqual([]);
  });
});

describe('OPERATION_DEFAULTS', () => {
  it('are those of the documentation, within the limits', () => {
    expect(OPERATION_DEFAULTS).toMatchObject({
      timeoutMs: 5_000,
      concurrency: 64,
      ratePerSecond: null,
      ordered: false,
      onDependencyDead: 'block',
      onDead: 'block',
      retry: { maxAttempts: null, maxAgeMs: 604_800_000, backoffMs: 1_000, backoffCapMs: 3_600_000 },
      effect: 'at_least_once',
      delayMs: 0,
      state: 'active',
    });
    expect(OPERATION_DEFAULTS.timeoutMs).toBeLessThanOrEqual(LIMITS.operationTimeoutMs);
  });
});
