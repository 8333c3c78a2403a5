import { connect } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { within } from '../testing/eventually';
import { startExample } from '../testing/shell-app';
import { allowedMethods } from './allowed-methods';

describe(allowedMethods.name, () => {
  let app: NestExpressApplication;
  let url: string;

  beforeAll(async () => {
    ({ app, url } = await startExample());
  });
  afterAll(() => app.close());

  it.each([
    ['PUT', '/echo', 'POST'],
    ['GET', '/echo', 'POST'],
    ['DELETE', '/items/7', 'GET'],
    ['POST', '/metrics', 'GET'],
  ])('tells %s %s which methods there are', async (method, path, allowed) => {
    const answer = await fetch(url + path, { method });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allowed]);
    expect(await answer.json()).toEqual({
      error: {
        code: 'method_not_allowed',
        message: 'This path does not take the method.',
        outcome: 'not_accepted',
        faults: [],
      },
    });
  });

  it('answers TRACE without an echo of the request', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    socket.write('TRACE /echo HTTP/1.1\r\nhost: a\r\nx-key: secret\r\nconnection: close\r\n\r\n');
    await within(new Promise((resolve) => socket.once('close', resolve)), 'the answer');
    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
    expect(answer).not.toContain('secret');
  });

  it.each(['/nothing', '/items', '/items/a/b', '/%', '/items/%ff', `/${'x'.repeat(10_000)}`, '/%00'])(
    'knows no method of %s',
    async (path) => {
      const answer = await fetch(url + path, { method: 'PUT' });
      expect([400, 404]).toContain(answer.status);
      expect(answer.headers.get('allow')).toBeNull();
      expect(Object.keys((await answer.json()) as object)).toEqual(['error']);
    },
  );
});
