import { stripVTControlCharacters } from 'node:util';
import type { EventReference, EventStatus, ExecutionState, PublishRequest } from '@bus/contracts';
import { faultsOf, tellStory, type Stage } from './tell-story';
import type { Effects } from './read-effects';

const WELL: Effects = {
  points: [99],
  balance: 99,
  coupons: ['ABCD'],
  texts: ['Thank you.'],
  wechatMessages: ['Coupon ABCD'],
};

/** A bus that does all that the story tells, as soon as it is asked. */
class ObedientBus {
  private readonly published = new Map<string, string>();
  private couponsUp = true;
  readonly lines: string[] = [];

  stage(effects: Effects): Stage {
    const publish = async (event: PublishRequest) => {
      this.published.set(event.messageId as string, event.type);
      return {
        messageId: event.messageId as string,
        source: event.source as string,
        eventId: 'e',
        status: 'accepted' as const,
      };
    };
    return {
      publisher: { publish: publish as Stage['publisher']['publish'] } as Stage['publisher'],
      control: { getEvent: async (event: EventReference) => this.statusOf(event) } as Stage['control'],
      stopCoupons: async () => void (this.couponsUp = false),
      startCoupons: async () => void (this.couponsUp = true),
      readEffects: async () => effects,
      print: (line) => this.lines.push(stripVTControlCharacters(line)),
      signal: new AbortController().signal,
    };
  }

  private statusOf({ source, messageId }: EventReference): EventStatus | null {
    const type = this.published.get(messageId);
    if (!type) return null;
    const paid = [...this.published.values()].includes('order.paid');
    const waits = (state: ExecutionState) => (this.couponsUp ? 'completed' : state);
    const states: Record<string, [string, ExecutionState][]> = {
      'order.created': [],
      'order.payment-timeout': [['sms.remind-payment', paid ? 'cancelled' : 'scheduled']],
      'order.paid': [
        ['points.grant', 'completed'],
        ['sms.send', 'completed'],
        ['bus.cancel-delayed', 'completed'],
        ['coupons.issue', waits('retrying')],
        ['wechat.notify', waits('waiting')],
      ],
    };
    const executions = (states[type] ?? []).map(([operation, state]) => ({ operation, state, attempt: 1 }));
    const event = {
      source,
      messageId,
      type,
      storedAt: 'now',
      unrouted: executions.length === 0,
    } as EventStatus['event'];
    return { event, executions, attempts: [] };
  }
}

describe(tellStory, () => {
  it('tells the four parts in order and sums up', async () => {
    const bus = new ObedientBus();
    await tellStory(bus.stage(WELL));
    const chapters = bus.lines.filter((line) => /^ {2}(\d|How)/.test(line)).map((line) => line.trim()[0]);
    expect(chapters).toEqual(['1', '2', '3', '4', 'H']);
    expect(bus.lines.at(-1)).toContain('exactly once');
  });

  it('fails where an effect is missing, naming it', async () => {
    const story = tellStory(new ObedientBus().stage({ ...WELL, coupons: [] }));
    await expect(story).rejects.toThrow('expected one coupon, found 0');
  });
});

describe(faultsOf, () => {
  it('finds nothing where all happened once', () => {
    expect(faultsOf(WELL)).toEqual([]);
  });

  it('names each effect that happened twice or not at all', () => {
    const effects = { ...WELL, points: [99, 99], balance: 198, texts: [] };
    expect(faultsOf(effects)).toEqual([
      'expected one ledger entry, found 2',
      'expected one text message, found 0',
      'expected a balance of 99 points, found 198',
    ]);
  });

  it('wants the coupon in the WeChat message', () => {
    expect(faultsOf({ ...WELL, wechatMessages: ['paid'] })).toEqual([
      'the WeChat message does not name the coupon',
    ]);
  });
});
