import { EventEmitter, once } from 'node:events';
import { isRunning } from '@bus/embedded-postgres';
import { AppProcess } from './app-process';

const WITHOUT_WAIT = () => 1;

/** An app that runs this script, and what it tells. */
function appOf(script: string): { app: AppProcess; told: EventEmitter } {
  const told = new EventEmitter();
  const command = { name: 'points', args: ['-e', script], env: process.env, cwd: process.cwd() };
  const app = new AppProcess(
    command,
    {
      line: (_, text) => told.emit('line', text),
      started: (_, pid) => told.emit('started', pid),
      died: (_, how, restartInMs) => told.emit('died', how, restartInMs),
    },
    WITHOUT_WAIT,
  );
  return { app, told };
}

const STAYS_UP = `console.log('up'); setInterval(() => {}, 1000);`;

describe(AppProcess, () => {
  it('passes on what the app prints, and ends it by SIGTERM', async () => {
    const { app, told } = appOf(
      `process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); ${STAYS_UP}`,
    );
    app.start();
    expect(await once(told, 'line')).toEqual(['up']);
    const bye = once(told, 'line');
    const pid = app.pid as number;
    expect(await app.stop(10_000)).toBe(true);
    expect(await bye).toEqual(['bye']);
    expect(isRunning(pid)).toBe(false);
    expect(app.pid).toBeUndefined();
  });

  it('kills an app that does not end in time', async () => {
    const { app, told } = appOf(`process.on('SIGTERM', () => {}); ${STAYS_UP}`);
    app.start();
    await once(told, 'line');
    expect(await app.stop(50)).toBe(false);
    expect(app.pid).toBeUndefined();
  });

  it('starts an app again that died, as another process', async () => {
    const { app, told } = appOf(STAYS_UP);
    app.start();
    await once(told, 'line');
    const first = app.pid as number;
    const died = once(told, 'died');
    const again = once(told, 'line');
    process.kill(first, 'SIGKILL');
    expect(await died).toEqual(['SIGKILL', 1]);
    await again;
    expect(app.pid).not.toBe(first);
    await app.stop(10_000);
  });

  it('tells the exit code of an app that cannot start, each time', async () => {
    const { app, told } = appOf(`process.exit(3)`);
    app.start();
    expect(await once(told, 'died')).toEqual(['code 3', 1]);
    expect(await once(told, 'died')).toEqual(['code 3', 1]);
    await app.stop(10_000);
  });

  it('leaves an app down that was stopped while it waited for its restart', async () => {
    const { app, told } = appOf(`process.exit(3)`);
    app.start();
    await once(told, 'died');
    await app.stop(10_000);
    expect(app.pid).toBeUndefined();
  });

  it('can be started again after a stop', async () => {
    const { app, told } = appOf(STAYS_UP);
    app.start();
    await once(told, 'line');
    await app.stop(10_000);
    app.start();
    expect(await once(told, 'line')).toEqual(['up']);
    await app.stop(10_000);
  });
});
