import { OPERATION_DEFAULTS, PINNED_SETTINGS, type OperationSettings } from '@bus/contracts';
import { withLiveSettings } from './live-settings';

const version = {
  ...OPERATION_DEFAULTS,
  name: 'points.grant',
  eventType: 'order.paid',
  endpoint: 'tcp://old:1',
  filter: 'payload.amountCents > 0',
  ordered: true,
  operationId: 7,
};
const live: OperationSettings = {
  ...OPERATION_DEFAULTS,
  name: 'points.grant',
  eventType: 'order.refunded',
  endpoint: 'tcp://new:1',
  timeoutMs: 900,
  filter: null,
  mapping: '{}',
  effect: 'at_most_once',
  dependsOn: ['a.b'],
  state: 'paused',
};

describe(withLiveSettings, () => {
  it('keeps what is pinned to the version and takes everything else from today', () => {
    const runs = withLiveSettings(version, live);

    for (const setting of PINNED_SETTINGS) expect(runs[setting]).toEqual(version[setting]);
    expect(runs).toMatchObject({ operationId: 7, endpoint: 'tcp://new:1', timeoutMs: 900, state: 'paused' });
  });

  it('fills settings that did not exist when the version was activated', () => {
    const { onDead: _, ...older } = version;

    expect(withLiveSettings(older as typeof version, undefined).onDead).toBe('block');
  });

  it('runs by the version alone where the operation has no row', () => {
    expect(withLiveSettings(version, undefined)).toEqual(version);
  });
});
