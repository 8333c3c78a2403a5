import { OPERATION_DEFAULTS } from '@bus/contracts';
import { readOperationEntries, withDefaults } from './operation-entry';

const endpoint = 'tcp://127.0.0.1:4101';

function faultsOf(name: string, entry: unknown): string[] {
  return readOperationEntries({ [name]: entry }).faults.map((fault) => `${fault.path}: ${fault.message}`);
}

describe(readOperationEntries, () => {
  it('takes an operation that says its event type and endpoint alone', () => {
    const read = readOperationEntries({ 'points.grant': { eventType: 'order.paid', endpoint } });

    expect(read.faults).toEqual([]);
    expect(read.entries).toEqual({ 'points.grant': { eventType: 'order.paid', endpoint } });
  });

  it('names every fault of every operation at once, each with its JSON pointer', () => {
    const { faults, entries } = readOperationEntries(
      {
        'points.grant': { eventType: '9', endpoint, timeoutMs: 30_001, colour: 'red' },
        'sms.send': { endpoint, eventType: 'order.paid', retry: { backoffMs: 0, tries: 1 } },
        'Coupons/issue': { eventType: 'order.paid', endpoint },
        'good.one': { eventType: 'order.paid', endpoint },
      },
      '/operations',
    );

    expect(faults.map((fault) => fault.path)).toEqual([
      '/operations/points.grant/eventType',
      '/operations/points.grant/timeoutMs',
      '/operations/points.grant/colour',
      '/operations/sms.send/retry/backoffMs',
      '/operations/sms.send/retry/tries',
      '/operations/Coupons~1issue',
    ]);
    expect(Object.keys(entries)).toEqual(['good.one']);
  });

  it.each([
    ['timeoutMs', 0],
    ['timeoutMs', 30_001],
    ['timeoutMs', '5000'],
    ['concurrency', 0],
    ['concurrency', 1.5],
    ['ratePerSecond', 0],
    ['ratePerSecond', Number.NaN],
    ['ordered', 'yes'],
    ['dependsOn', 'coupons.issue'],
    ['dependsOn', ['coupons.issue', 'coupons.issue']],
    ['dependsOn', ['Not A Name']],
    ['onDependencyDead', 'wait'],
    ['onDead', 'run'],
    ['retry', 3],
    ['retry', { maxAttempts: 0 }],
    ['retry', { maxAttempts: 32_768 }],
    ['retry', { maxAgeMs: 999 }],
    ['retry', { backoffMs: 5000, backoffCapMs: 4999 }],
    ['retry', { backoffCapMs: 999 }],
    ['effect', 'exactly_once'],
    ['filter', ''],
    ['mapping', 'x'.repeat(8193)],
    ['delayMs', -1],
    ['delayMs', 366 * 24 * 60 * 60 * 1000 + 1],
    ['state', 'stopped'],
    ['cancelSource', 'orders'],
    ['name', 'points.grant'],
  ])('refuses %s: %j', (setting, value) => {
    const faults = faultsOf('points.grant', { eventType: 'order.paid', endpoint, [setting]: value });

    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^/points.grant/${setting}`));
  });

  it.each([
    'tcp://127.0.0.1:4101',
    'tcp://[::1]:4101',
    'tcp://points.bus.svc.cluster.local:4101',
    'http://points:8080/hooks/omnibus?tenant=1',
    'https://points.example/execute',
  ])('takes the endpoint %s', (good) => {
    expect(faultsOf('points.grant', { eventType: 'order.paid', endpoint: good })).toEqual([]);
  });

  it.each([
    'points:4101',
    'tcp://points',
    'tcp://points:0',
    'tcp://points:65536',
    'tcp://:4101',
    'tcp://points:4101/path',
    'tcp://${POINTS_HOST}:4101',
    'ftp://points/',
    'http://user:secret@points/',
    'https://points/#here',
    'file:///etc/passwd',
    'javascript:alert(1)',
    '',
    7,
  ])('refuses the endpoint %j and does not repeat it', (bad) => {
    const faults = faultsOf('points.grant', { eventType: 'order.paid', endpoint: bad });

    expect(faults).toHaveLength(1);
    expect(faults[0]).not.toContain('secret');
    expect(faults[0]).not.toContain('passwd');
  });

  it('wants an endpoint of every operation that is not built in', () => {
    expect(faultsOf('points.grant', { eventType: 'order.paid' })).toEqual([
      '/points.grant/endpoint: is missing: tcp://host:port, or http:// or https:// with the path to POST to',
    ]);
  });

  it('wants a source and no endpoint of bus.cancel-delayed, and knows no other built-in operation', () => {
    const built = { eventType: 'order.paid' };

    expect(faultsOf('bus.cancel-delayed', { ...built, cancelSource: 'orders' })).toEqual([]);
    expect(faultsOf('bus.cancel-delayed', built)[0]).toMatch('/bus.cancel-delayed/cancelSource: is missing');
    expect(faultsOf('bus.cancel-delayed', { ...built, cancelSource: 'orders', endpoint })[0]).toMatch(
      'has no endpoint',
    );
    expect(faultsOf('bus.explode', built)[0]).toMatch('there is only bus.cancel-delayed');
  });

  it('refuses an operation that depends on itself', () => {
    expect(faultsOf('a.b', { eventType: 'order.paid', endpoint, dependsOn: ['a.b'] })).toEqual([
      '/a.b/dependsOn: an operation cannot depend on itself',
    ]);
  });

  it.each([null, [], 'text', 7])('refuses %j in place of the map, and of an operation', (value) => {
    expect(readOperationEntries(value, '/operations').faults).toHaveLength(1);
    expect(faultsOf('points.grant', value)).toEqual(['/points.grant: must be a map of settings']);
  });
});

describe(withDefaults, () => {
  it('fills what the entry leaves out, inside retry too', () => {
    expect(
      withDefaults('points.grant', { eventType: 'order.paid', endpoint, retry: { maxAttempts: 3 } }),
    ).toEqual({
      ...OPERATION_DEFAULTS,
      name: 'points.grant',
      eventType: 'order.paid',
      endpoint,
      retry: { ...OPERATION_DEFAULTS.retry, maxAttempts: 3 },
    });
  });

  it('shares no list or map with the defaults', () => {
    const settings = withDefaults('points.grant', { eventType: 'order.paid', endpoint });
    settings.dependsOn.push('a.b');
    settings.retry.maxAttempts = 1;

    expect(OPERATION_DEFAULTS.dependsOn).toEqual([]);
    expect(OPERATION_DEFAULTS.retry.maxAttempts).toBeNull();
  });
});
