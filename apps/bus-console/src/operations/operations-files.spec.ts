import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AdminApiError, applyOperations, planOperations, type OperationsFileError } from '@bus/cli';
import { CONSOLE_READY_MS, openConsole, type ConsoleStage } from '../testing/console-stage';

const ROOT = resolve(__dirname, '../../../..');
const COMMAND = join(ROOT, 'tools/bus-cli/run.mjs');
/** Some commands one after another, each a Node that reads TypeScript. */
const COMMANDS_MS = 60_000;

describe('operations files', () => {
  let stage: ConsoleStage;
  let folder: string;

  beforeEach(async () => {
    stage = await openConsole();
    folder = mkdtempSync(join(tmpdir(), 'operations-'));
  }, CONSOLE_READY_MS);
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await stage.close();
  });

  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const from = (...files: string[]) => ({ consoleUrl: stage.url, files, env: { POINTS_PORT: '4101' } });
  const points =
    'points.grant:\n  eventType: order.paid\n  endpoint: "tcp://${HOST:-127.0.0.1}:${POINTS_PORT}"\n';
  const coupons = 'coupons.issue: { eventType: order.paid, endpoint: "tcp://127.0.0.1:4111" }\n';
  const wechat =
    'wechat.notify:\n  eventType: order.paid\n  endpoint: tcp://127.0.0.1:4121\n  dependsOn: [coupons.issue]\n';
  /** The command as it is typed; its code, and what it printed. */
  const run = (...args: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((done) => {
      const env = {
        ...process.env,
        BUS_CONSOLE_URL: stage.url,
        POINTS_PORT: '4101',
        INIT_CWD: folder,
        NO_COLOR: '1',
      };
      execFile(process.execPath, [COMMAND, ...args], { env, cwd: ROOT }, (error, out, err) =>
        done({ code: error ? Number(error.code) : 0, out, err }),
      );
    });

  it('become one graph per event type, and a second time change nothing', async () => {
    const files = [file('points.yaml', points), file('coupons.yaml', coupons), file('wechat.yaml', wechat)];

    const first = await applyOperations(from(...files), { actor: 'ann', reason: 'first' });
    expect(first.graphs).toMatchObject([{ eventType: 'order.paid', outcome: 'activated', version: 1 }]);
    const again = await applyOperations(from(...files));
    expect(again).toMatchObject({ plan: [{ outcome: 'unchanged' }], graphs: [] });

    const { body } = await stage.http.get('/api/v1/operations');
    expect(body.graphs[0].operations).toMatchObject([
      { name: 'coupons.issue' },
      { name: 'points.grant', endpoint: 'tcp://127.0.0.1:4101' },
      { name: 'wechat.notify', dependsOn: ['coupons.issue'] },
    ]);
  });

  it('keep an operation that no file names, until they are told to prune', async () => {
    const [one, two] = [file('points.yaml', points), file('coupons.yaml', coupons)];
    await applyOperations(from(one, two));

    expect(await planOperations(from(one))).toMatchObject([
      { outcome: 'unchanged', kept: ['coupons.issue'] },
    ]);
    const pruned = await applyOperations({ ...from(one), prune: true });
    expect(pruned).toMatchObject({ plan: [{ removed: ['coupons.issue'] }], graphs: [{ version: 2 }] });
  });

  it('keep a pause by a person', async () => {
    const one = file('points.yaml', points);
    await applyOperations(from(one));
    await stage.http.post('/api/v1/operations/points.grant/pause').expect(200);

    await applyOperations(from(file('points.yaml', `${points}  timeoutMs: 900\n`)));

    const { body } = await stage.http.get('/api/v1/operations');
    expect(body.graphs[0].operations).toMatchObject([{ state: 'paused', timeoutMs: 900 }]);
  });

  it('tell what the console found with file and line', async () => {
    const one = file('points.yaml', points);
    const faults = await applyOperations(
      from(one, file('wechat.yaml', `${wechat}  filter: payload.(\n`)),
    ).catch((error: OperationsFileError) => error.faults);

    expect(faults).toMatchObject([
      { at: expect.stringMatching(/wechat\.yaml:4$/), message: expect.stringContaining('coupons.issue') },
      {
        at: expect.stringMatching(/wechat\.yaml:5$/),
        message: expect.stringContaining('wechat.notify: filter'),
      },
    ]);
  });

  it('say where the console was looked for in vain', async () => {
    const away = planOperations({ ...from(file('points.yaml', points)), consoleUrl: 'http://127.0.0.1:1' });

    await expect(away).rejects.toThrow(AdminApiError);
    await expect(away).rejects.toThrow(/http:\/\/127\.0\.0\.1:1 was not reached.*npm start/);
  });

  it(
    'are applied by the command, which also lists them and shows events, with exit code 0, 1 or 2',
    async () => {
      file('points.yaml', points);
      file(
        'faulty.yaml',
        'sms.send:\n  eventType: order.paid\n  endpoint: tcp://127.0.0.1:1\n  colour: red\n',
      );
      const [apply, faulty, wrong] = await Promise.all([
        run('operations', 'apply', 'points.yaml', '--reason', 'a test'),
        run('operations', 'apply', 'faulty.yaml'),
        run('operations', 'frobnicate'),
      ]);

      expect(apply).toMatchObject({ code: 0, err: '' });
      expect(apply.out).toMatch(/\+ points\.grant[^]*order\.paid: activated, version 1/);
      expect(faulty.code).toBe(1);
      expect(faulty.err).toMatch(/faulty\.yaml:4: sms\.send: colour is not a setting/);
      expect(wrong.code).toBe(2);

      await stage.seed.event({ messageId: 'order-1-paid', payload: { orderId: '1' } });
      const [list, shown, none] = await Promise.all([
        run('operations', 'list'),
        run('events', 'show', 'payments', 'order-1-paid'),
        run('events', 'show', 'payments', 'none'),
      ]);
      expect(list.out).toMatch(/points\.grant +active +tcp:/);
      expect(shown).toMatchObject({ code: 0, err: '' });
      expect(shown.out).toMatch(/order\.paid order-1-paid of payments[^]*published by payments/);
      expect(none.code).toBe(1);
      expect(none.err).toContain('The bus has not stored none of payments');
    },
    COMMANDS_MS,
  );
});
