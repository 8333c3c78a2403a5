import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from '@bus/embedded-postgres';
import { freePort } from './free-port';
import { ProofProcess } from './proof-process';

/** Ready as an app is: it answers on its port; what it is told by the environment stands in its log. */
const APP = `
  console.log('said ' + process.env.WORD);
  require('node:http').createServer((_, reply) => reply.end()).listen(process.env.HTTP_PORT, '127.0.0.1');`;

describe(ProofProcess, () => {
  let folder: string;
  let app: ProofProcess;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'proof-process-'));
    const script = join(folder, 'app.js');
    writeFileSync(script, APP);
    app = new ProofProcess({
      name: 'consumer-1',
      role: 'consumer',
      script,
      nodeArgs: ['--require', join(__dirname, 'preload/orphan.cjs')],
      env: { WORD: 'one' },
      logFile: join(folder, 'app.log'),
      cwd: folder,
      httpPort: await freePort(),
      rpcPort: null,
    });
  });
  afterEach(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });

  it('comes up again by itself after a kill, as another process on the same port', async () => {
    app.start({ WORD: 'first life only' });
    await app.ready(60_000);
    const { pid, ended } = app;
    app.kill('SIGKILL');
    expect(await ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect(app.isUp).toBe(false);
    await app.ready(60_000);
    expect(app.pid).not.toBe(pid);
    expect(app.starts).toBe(2);
    expect(readFileSync(app.logFile, 'utf8').trim().split('\n')).toEqual([
      'said first life only',
      'said one',
    ]);
  });

  it('stays down where it is told so, until it is started', async () => {
    app.restartAutomatically = false;
    app.start();
    await app.ready(60_000);
    app.kill('SIGTERM');
    expect((await app.ended).signal).toBe('SIGTERM');
    app.start();
    await app.ready(60_000);
    expect(app.starts).toBe(2);
  });

  it('leaves nothing behind when it is closed, a stopped process neither', async () => {
    app.start();
    await app.ready(60_000);
    const pid = app.pid as number;
    app.kill('SIGSTOP');
    await app.close();
    expect(isRunning(pid)).toBe(false);
    expect(app.isUp).toBe(false);
  });

  it('names its log where it does not get ready', async () => {
    await expect(app.ready(50)).rejects.toThrow(`consumer-1: not ready`);
    await expect(app.ready(50)).rejects.toThrow(app.logFile);
  });
});
