import { BusError, ERROR_STATUS } from '@bus/contracts';
import { Controller, Get, HttpException, Module, Query } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Response } from 'express';
import { Res } from '@nestjs/common';
import { startApp } from '../bootstrap';
import { exampleOptions } from '../testing/shell-app';
import { recordLog } from '../testing/record-log';
import { HttpErrorFilter } from './http-error.filter';

const SECRET = 'secret-4711';
let thrown: unknown;

@Controller()
class ThrowingController {
  @Get('throw')
  throw(@Query('late') late: string, @Res({ passthrough: true }) response: Response): void {
    if (late) response.write('begun');
    throw thrown;
  }
}

@Module({ controllers: [ThrowingController] })
class ThrowingModule {}

describe(HttpErrorFilter.name, () => {
  const log = recordLog();
  let app: NestExpressApplication;
  let url: string;

  beforeAll(async () => {
    app = await startApp(exampleOptions({ module: ThrowingModule, rpc: undefined }));
    url = await app.getUrl();
    recordLog(); // the app has put its own log in place
  });
  beforeEach(() => (log.lines.length = 0));
  afterAll(() => app.close());

  const answerTo = async (error: unknown) => {
    thrown = error;
    const answer = await fetch(`${url}/throw`);
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as object };
  };

  it.each(Object.entries(ERROR_STATUS))('answers a %s with its status, %i', async (code, status) => {
    const faults = Array.from({ length: 12 }, (_, at) => ({ path: `/${at}`, message: 'is bad' }));
    const error = new BusError({
      code: code as keyof typeof ERROR_STATUS,
      message: 'No.',
      outcome: 'unknown',
      faults,
    });
    const answer = await answerTo(error);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({
      error: { code, message: 'No.', outcome: 'unknown', faults: faults.slice(0, 10) },
    });
    expect(log.lines).toHaveLength(code === 'internal' ? 1 : 0);
  });

  it.each([
    ['an Error', new Error(SECRET)],
    ['an error with a status above 500', Object.assign(new Error(SECRET), { status: 502 })],
    ['what is no error', { status: 400, message: SECRET }],
    ['a text', SECRET],
    ['nothing', undefined],
    ["Nest's 500", new HttpException(SECRET, 500)],
  ])('answers 500 without details to %s, and logs it', async (_, error) => {
    expect(await answerTo(error)).toMatchObject({
      status: 500,
      body: {
        error: {
          code: 'internal',
          message: 'Something failed here; see the log.',
          outcome: 'unknown',
          faults: [],
        },
      },
    });
    expect(log.lines).toMatchObject([{ level: 'error', msg: 'an HTTP request failed' }]);
  });

  it.each([
    [400, 'invalid'],
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [408, 'request_timeout'],
    [409, 'conflict'],
    [418, 'invalid'],
    [429, 'rate_limited'],
  ])(
    'tells an error of Nest or of the body parser by its status %i, without its message',
    async (status, code) => {
      for (const error of [
        new HttpException({ secret: SECRET }, status),
        Object.assign(new Error(SECRET), { status }),
      ]) {
        const answer = await answerTo(error);
        // The route exists: only its method could be wrong.
        const expected = code === 'not_found' ? 'method_not_allowed' : code;
        expect(answer.body).toMatchObject({ error: { code: expected, outcome: 'not_accepted', faults: [] } });
        expect(JSON.stringify(answer.body)).not.toContain(SECRET);
      }
      expect(log.lines).toEqual([]);
    },
  );

  it('ends the connection where the body was not read to its end', async () => {
    for (const code of ['too_large', 'request_timeout'] as const)
      expect((await answerTo(new BusError({ code, message: 'No.' }))).headers.get('connection')).toBe(
        'close',
      );
    expect(
      (await answerTo(new BusError({ code: 'invalid', message: 'No.' }))).headers.get('connection'),
    ).not.toBe('close');
  });

  it('ends an answer that has begun: it cannot be another one any more', async () => {
    thrown = new Error(SECRET);
    const answer = await fetch(`${url}/throw?late=1`);
    expect([answer.status, await answer.text()]).toEqual([200, 'begun']);
  });

  it('answers 404 where there is nothing, without the path', async () => {
    const answer = await fetch(`${url}/${SECRET}`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toBe(
      '{"error":{"code":"not_found","message":"There is nothing at this path.","outcome":"not_accepted","faults":[]}}',
    );
  });
});
