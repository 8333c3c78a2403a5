import { exportedNames, fileNameFault, unusedWord } from './file-name';

describe(fileNameFault, () => {
  it.each([
    'libs/bus-domain/src/fan-out.ts',
    'apps/bus-producer/src/publish/publish.http.controller.ts',
    'apps/bus-producer/src/publish/publish.rpc.controller.spec.ts',
    'apps/bus-consumer/src/dispatch/dispatcher.timeouts.spec.ts',
    'libs/bus-store/src/postgres/migrations/0001-events.ts',
    'apps/bus-e2e/src/story.e2e-spec.ts',
    'libs/bus-broker/src/broker.errors.ts',
  ])('accepts %s', (path) => expect(fileNameFault(path)).toBeNull());

  it.each([
    ['apps/points/src/GrantPoints.ts', 'kebab-case'],
    ['apps/points/src/points.service.ts', 'drawer'],
    ['libs/app-shell/src/common/clock.ts', 'drawer'],
    ['libs/app-shell/src/time-utils.ts', 'drawer'],
    ['apps/points/src/points.provider.ts', 'closed list'],
    ['apps/bus-consumer/src/retry-job.ts', '"job" is not a word'],
    ['apps/bus-consumer/src/notify-record.ts', '"notify record" is not a word'],
  ])('refuses %s: %s', (path, fault) => expect(fileNameFault(path)).toContain(fault));
});

describe(unusedWord, () => {
  it.each([
    ['DeliveryAttempt', 'delivery'],
    ['MAX_TASKS', 'tasks'],
    ['handlerLog', 'handler log'],
    ['TopicSubscription', 'topic subscription'],
  ])('finds in %s: %s', (name, word) => expect(unusedWord(name)).toBe(word));

  it.each(['deliverAt', 'jobless', 'HandlerRegistry', 'subscriptionTopic'])('accepts %s', (name) =>
    expect(unusedWord(name)).toBeNull(),
  );
});

describe(exportedNames, () => {
  it('finds each kind of declaration', () => {
    const source =
      'export abstract class A {}\nexport const B = 1;\nexport async function c() {}\nconst d = 1;\nexport type E = 1;';
    expect(exportedNames(source)).toEqual(['A', 'B', 'c', 'E']);
  });
});
