import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { logger, readJson, type Tree } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import { parse, parseAllDocuments } from 'yaml';
import consumerApp from './generator';

const ROOT = join(__dirname, '../../../..');
const REFUNDS = { name: 'refunds', operation: 'refunds.issue', event: 'order.refunded' };
/** What the generator reads and changes, as it stands in this repository, beside one other app. */
const COPIED = [
  'package.json',
  'apps/points/project.json',
  'apps/points/operations.yaml',
  'libs/bus-contracts/src/index.ts',
  'docker/k8s/base/migrate.yaml',
  'docker/k8s/base/disruption-budget.yaml',
  'docker/k8s/base/kustomization.yaml',
  'docker/k8s/overlays/local/kustomization.yaml',
  'docker/prometheus/prometheus.yml',
  'docker/compose.yml',
  'docker/build-images.sh',
  'docker/smoke-images.sh',
];
const EVENT_MAP = `import type { z } from 'zod';
import { orderPaid } from './events/order-events';

export const EVENT_SCHEMAS = {
  'order.paid': orderPaid,
} as const;
`;
const EVENTS = 'libs/bus-contracts/src/events';

describe(consumerApp.name, () => {
  let tree: Tree;

  // Prettier is an ES module, which Jest cannot load.
  beforeAll(() => void (process.env.NX_SKIP_FORMAT = 'true'));
  afterAll(() => void delete process.env.NX_SKIP_FORMAT);
  afterEach(() => jest.restoreAllMocks());
  beforeEach(() => {
    tree = createTree();
    for (const file of COPIED) tree.write(file, withoutThem(readFileSync(join(ROOT, file), 'utf8')));
    tree.write('libs/bus-contracts/src/event-map.ts', EVENT_MAP);
    tree.write(
      `${EVENTS}/order-events.ts`,
      "import { z } from 'zod';\n\nexport const orderPaid = z.object({});\n",
    );
  });

  const text = (path: string) => tree.read(path, 'utf8') ?? '';
  const refusal = async (over: Partial<typeof REFUNDS>): Promise<string> => {
    const before = tree.listChanges();
    const error = await consumerApp(tree, { ...REFUNDS, ...over }).then(
      () => null,
      (thrown: Error) => thrown,
    );
    expect(tree.listChanges()).toEqual(before);
    return error?.message ?? 'not refused';
  };

  it('makes a whole app and leaves no placeholder in it', async () => {
    await consumerApp(tree, REFUNDS);
    const made = tree
      .listChanges()
      .map(({ path }) => path)
      .filter((path) => path.startsWith('apps/refunds/'));
    expect(made.sort()).toEqual(
      [
        'jest.config.ts',
        'operations.yaml',
        'project.json',
        'src/data-source.spec.ts',
        'src/data-source.ts',
        'src/issue-refund.handler.spec.ts',
        'src/issue-refund.handler.ts',
        'src/main.ts',
        'src/migrations/0001-refunds.ts',
        'src/migrations/index.ts',
        'src/refunds.config.ts',
        'src/refunds.module.spec.ts',
        'src/refunds.module.ts',
        'src/schema/refund-entry.schema.ts',
        'src/testing/order-refunded-request.ts',
        'src/testing/test-data-source.ts',
        'tsconfig.json',
      ].map((file) => `apps/refunds/${file}`),
    );
    for (const path of made) expect(text(path)).not.toMatch(/<%|%>|undefined|&#\d+;/);
  });

  it('tags the project as a consumer app', async () => {
    await consumerApp(tree, REFUNDS);
    expect(readJson(tree, 'apps/refunds/project.json')).toMatchObject({
      name: 'refunds',
      tags: ['layer:app', 'scope:consumer'],
      targets: { build: {}, serve: {}, typecheck: {}, lint: {}, test: {} },
    });
  });

  it('takes the next pair of ports that no other app has, and writes it wherever it is needed', async () => {
    tree.write(
      'apps/bus-other/project.json',
      '{ "name": "bus-other", "metadata": { "ports": { "http": 4111 } } }',
    );
    await consumerApp(tree, REFUNDS);
    const { metadata } = readJson<{ metadata: unknown }>(tree, 'apps/refunds/project.json');
    expect(metadata).toEqual({ ports: { http: 4122, rpc: 4121 } });
    expect(text('apps/refunds/src/refunds.config.ts')).toContain('ports({ http: 4122, rpc: 4121 })');
    expect(parse(text('apps/refunds/operations.yaml'))).toEqual({
      'refunds.issue': {
        eventType: 'order.refunded',
        endpoint: 'tcp://${REFUNDS_HOST:-127.0.0.1}:${REFUNDS_RPC_PORT:-4121}',
      },
    });
    expect(text('docker/k8s/base/refunds.yaml')).toContain('{ name: rpc, containerPort: 4121 }');
    expect(text('docker/prometheus/prometheus.yml')).toContain('- refunds:4122\n');
  });

  it('leaves the effect to be filled in, inside withIdempotency, before a conformance suite', async () => {
    await consumerApp(tree, REFUNDS);
    const handler = text('apps/refunds/src/issue-refund.handler.ts');
    expect(handler).toContain("@OperationConsumer('refunds.issue')");
    expect(handler).toContain("class IssueRefund extends OperationHandler<'order.refunded'>");
    expect(handler).toMatch(/withIdempotency\([^]*code: 'not_filled_in'/);
    expect(text('apps/refunds/src/issue-refund.handler.spec.ts')).toContain('operationConformance({');
    expect(text('apps/refunds/src/migrations/0001-refunds.ts')).toContain(
      "createProcessedExecution('refunds')",
    );
  });

  it('names an app of several words after them, in each place as it is written there', async () => {
    await consumerApp(tree, { name: 'gift-cards', operation: 'gift-cards.top-up', event: 'order.paid' });
    expect(text('apps/gift-cards/src/gift-cards.module.ts')).toContain('class GiftCardsModule');
    expect(text('apps/gift-cards/src/top-up.handler.ts')).toContain('class TopUp extends');
    expect(text('apps/gift-cards/src/data-source.ts')).toContain("schema: 'gift_cards'");
    expect(text('apps/gift-cards/operations.yaml')).toContain('${GIFT_CARDS_RPC_PORT:-');
  });

  it('adds an unknown event type to the map and beside the others of its thing', async () => {
    await consumerApp(tree, REFUNDS);
    expect(text('libs/bus-contracts/src/event-map.ts')).toBe(
      EVENT_MAP.replace('{ orderPaid }', '{ orderPaid, orderRefunded }').replace(
        '} as const',
        "  'order.refunded': orderRefunded,\n} as const",
      ),
    );
    expect(text(`${EVENTS}/order-events.ts`)).toContain(
      'export const orderRefunded = z.object({\n  orderId:',
    );
  });

  it('opens a file for the event types of a new thing, and exports it', async () => {
    await consumerApp(tree, { ...REFUNDS, event: 'gift-card.sold' });
    expect(text(`${EVENTS}/gift-card-events.ts`)).toContain(
      'export const giftCardSold = z.object({\n  giftCardId:',
    );
    const map = text('libs/bus-contracts/src/event-map.ts');
    expect(map).toContain("import { giftCardSold } from './events/gift-card-events';\n");
    expect(map).toContain("  'gift-card.sold': giftCardSold,\n} as const;");
    expect(text('libs/bus-contracts/src/index.ts')).toContain("export * from './events/gift-card-events';\n");
  });

  it('leaves a known event type alone, and fills the request of the spec with its fields', async () => {
    await consumerApp(tree, { ...REFUNDS, event: 'order.paid' });
    expect(text('libs/bus-contracts/src/event-map.ts')).toBe(EVENT_MAP);
    expect(text('apps/refunds/src/testing/order-paid-request.ts')).toContain(
      '{"orderId":"orderId-1","userId":"userId-1","amountCents":100}',
    );
  });

  it('adds the app to every list by which images are built, run, migrated and watched', async () => {
    await consumerApp(tree, REFUNDS);
    const services = parse(text('docker/compose.yml'), { merge: true }).services;
    expect(services.refunds).toEqual({
      ...services.points,
      image: services.points.image.replace('points', 'refunds'),
      depends_on: { 'refunds-migrate': { condition: 'service_completed_successfully' } },
    });
    const names = (file: string) =>
      parseAllDocuments(text(file)).map((document) => document.toJS().metadata.name as string);
    expect(names('docker/k8s/base/migrate.yaml')).toContain('refunds-migrate');
    expect(names('docker/k8s/base/disruption-budget.yaml')).toContain('refunds');
    const base = parse(text('docker/k8s/base/kustomization.yaml'));
    expect(base.resources).toContain('refunds.yaml');
    expect(base.images).toContainEqual({ name: 'omnibus/refunds', newTag: 'dev' });
    expect(parse(text('docker/k8s/overlays/local/kustomization.yaml')).replicas).toContainEqual({
      name: 'refunds',
      count: 1,
    });
    expect(text('docker/build-images.sh')).toMatch(/apps=\(bus-migrate [^)]*\brefunds\)/);
    expect(text('docker/smoke-images.sh')).toMatch(/apps=\(bus-migrate [^)]*\brefunds bus-producer/);
  });

  it('prints the next steps, with what it had to leave out', async () => {
    tree.write('docker/k8s/base/kustomization.yaml', 'resources: [points.yaml]\n');
    const printed = jest.spyOn(logger, 'info').mockImplementation(() => undefined);
    jest.spyOn(logger, 'warn').mockImplementation(() => undefined);
    await (
      await consumerApp(tree, REFUNDS)
    )();
    const steps = printed.mock.calls.map(([line]) => String(line)).join('\n');
    expect(steps).toContain('apps/refunds/src/issue-refund.handler.ts');
    expect(steps).toContain('Add refunds to docker/k8s/base/kustomization.yaml by hand');
    // The tree has no scripts: what could not be run is named.
    expect(steps).toContain('npm run env-example');
    expect(steps).toMatch(/npx nx test refunds[^]*operations plan[^]*operations apply/);
  });

  it.each([
    ['an app that exists', { name: 'points' }, 'apps/points exists; choose another name'],
    ['a name that is not kebab-case', { name: 'Refunds' }, 'write it like refunds or gift-cards'],
    ['a name that is long', { name: 'r'.repeat(41) }, 'at most 40 characters'],
    ['a name of the bus', { name: 'bus-refunds' }, 'does not begin with bus-'],
    ['a name that another container has', { name: 'kafka' }, 'docker/compose.yml has a service "kafka"'],
    ['an operation without a verb', { operation: 'refunds' }, 'write it like refunds.issue'],
    ['an operation with capitals', { operation: 'refunds.Issue' }, 'write it like refunds.issue'],
    ['a built-in operation', { operation: 'bus.refund' }, 'choose a service other than bus'],
    [
      'an operation of another app',
      { operation: 'points.grant' },
      'apps/points/operations.yaml has "points.grant"',
    ],
    ['an event type of one word', { event: 'refunded' }, 'write it like order.refunded'],
    ['an event type with a space', { event: 'order refunded' }, 'write it like order.refunded'],
    ['an event type with an empty word', { event: 'order.-paid' }, 'write it like order.refunded'],
  ])('refuses %s, naming the fix, and writes nothing', async (_what, over, fix) => {
    expect(await refusal(over)).toContain(fix);
  });

  it('refuses an event type whose constant is that of another', async () => {
    tree.write('libs/bus-contracts/src/event-map.ts', EVENT_MAP.replace('orderPaid,', 'orderPaidLate,'));
    expect(await refusal({ event: 'order.paid.late' })).toContain(
      'would share orderPaidLate with "order.paid"',
    );
  });

  it('names all faults at once', async () => {
    const faults = (await refusal({ name: 'points', operation: 'x', event: 'y' })).split('\n');
    expect(faults).toHaveLength(3);
  });
});

/** The file as it would be had this repository no app of the names that are made here. */
function withoutThem(file: string): string {
  return file.replaceAll(/refunds|gift-cards/g, 'earlier-$&');
}
