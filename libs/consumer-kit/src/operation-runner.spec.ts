import { Clock, currentTraceId, ShellModule } from '@bus/app-shell';
import { completed, retry, type OperationRequest } from '@bus/contracts';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Logger } from 'nestjs-pino';
import { ConsumerModule } from './consumer.module';
import { OperationRunner } from './operation-runner';
import { deadlinePassed } from './request-deadline';
import { KitDatabase } from './testing/kit-database';
import { ObeyKit } from './testing/kit-handlers';
import { kitRequest } from './testing/kit-request';

/** A machine that others use too. */
jest.setTimeout(60_000);

class KitRootModule {}

describe(OperationRunner.name, () => {
  let database: KitDatabase;
  let app: INestApplicationContext;
  let runner: OperationRunner;
  let handler: ObeyKit;
  let lines: string[];

  beforeAll(async () => {
    database = await KitDatabase.open();
    const shell = ShellModule.forRoot({
      name: 'kit',
      logLevel: 'warn',
      logDestination: { write: (line) => void lines.push(line) },
    });
    const kit = ConsumerModule.register({ service: 'kit', version: '1.2.3', handlers: [ObeyKit] });
    app = await NestFactory.createApplicationContext(
      { module: KitRootModule, imports: [shell, kit] },
      { bufferLogs: true },
    );
    app.useLogger(app.get(Logger));
    runner = app.get(OperationRunner, { strict: false });
    handler = app.get(ObeyKit, { strict: false });
  });
  beforeEach(() => {
    lines = [];
    handler.calls.length = 0;
  });
  afterAll(async () => {
    await app.close();
    await database.close();
  });

  /** One call, as it comes off the wire, of a handler that behaves so. */
  const run = (behave: ObeyKit['behave'], over: Partial<OperationRequest> = {}) => {
    handler.behave = behave;
    return runner.run(structuredClone(kitRequest({ operation: 'kit.obey', ...over })));
  };
  const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

  it('gives the handler the request as it came, and answers its result by the call', async () => {
    const request = kitRequest({ operation: 'kit.obey', attempt: 3, inputs: { 'kit.first': { a: 1 } } });
    handler.behave = () => completed({ coupon: 'C-1' });
    expect(await runner.run(structuredClone(request))).toEqual({
      executionId: request.executionId,
      operation: 'kit.obey',
      attempt: 3,
      status: 'completed',
      output: { coupon: 'C-1' },
    });
    expect(handler.calls).toEqual([request]);
    expect(lines).toEqual([]);
  });

  it('trap-21: asks for an attempt in a minute of an operation that it does not handle yet', async () => {
    const request = kitRequest({ operation: 'kit.later' });
    expect(await runner.run(request)).toMatchObject({
      executionId: request.executionId,
      operation: 'kit.later',
      status: 'retry',
      code: 'unknown_operation',
      retryAfterMs: 60_000,
    });
  });

  it.each([0, -1])('does not begin with %d ms left', async (deadlineMs) => {
    expect(await run(() => completed(), { deadlineMs })).toMatchObject({
      status: 'retry',
      code: 'deadline_passed',
    });
    expect(handler.calls).toEqual([]);
  });

  it('counts the time left by its own clock from the moment of the call', async () => {
    const clock = app.get(Clock, { strict: false });
    const startMs = clock.monotonicMs();
    let nowMs = startMs;
    const reading = jest.spyOn(clock, 'monotonicMs').mockImplementation(() => nowMs);
    const passed: boolean[] = [];
    await run(
      (request) => {
        for (nowMs of [startMs, startMs + 999, startMs + 1_000]) passed.push(deadlinePassed(request));
        return completed();
      },
      { deadlineMs: 1_000 },
    );
    reading.mockRestore();
    expect(passed).toEqual([false, false, true]);
  });

  describe('when a handler throws', () => {
    it('asks for another attempt, and tells the caller no more than the kind of error', async () => {
      const reply = await run(() => {
        throw new TypeError('SECRET-OF-USER-7 is not a function');
      });
      expect(reply).toMatchObject({
        status: 'retry',
        code: 'handler_error',
        reason: 'the handler threw TypeError',
      });
      expect(reply.retryAfterMs).toBeUndefined();
    });

    it('logs the error once, with the execution and where it was thrown, without the payload', async () => {
      const request = kitRequest({ operation: 'kit.obey', attempt: 2 });
      handler.behave = async ({ executionId, event }) => {
        const { note } = event.payload as { note: string };
        await database.dataSource.query(`insert into kit.effect values ($1, $2), ($3, $2)`, [
          executionId,
          note,
          note,
        ]);
      };
      expect(await runner.run(request)).toMatchObject({ reason: 'the handler threw QueryFailedError' });
      expect(logged()).toEqual([
        expect.objectContaining({
          level: 'error',
          app: 'kit',
          msg: 'a handler threw',
          operation: 'kit.obey',
          executionId: request.executionId,
          attempt: 2,
          err: expect.objectContaining({ type: 'QueryFailedError', stack: expect.stringContaining(' at ') }),
        }),
      ]);
      expect(lines.join()).not.toContain('SECRET-OF-USER-7');
    });

    it.each([['a text'], [null], [undefined], [{ status: 'completed' }]])(
      'asks for another attempt when what it throws is %p',
      async (thrown) => {
        const reply = await run(() => {
          throw thrown;
        });
        expect(reply).toMatchObject({ status: 'retry', code: 'handler_error' });
        expect(logged()).toMatchObject([{ level: 'error', msg: 'a handler threw', operation: 'kit.obey' }]);
      },
    );
  });

  it.each([undefined, null, true, { status: 'done' }])(
    'bad-86: asks for another attempt when the handler returns %p',
    async (result) => {
      expect(await run(() => result)).toMatchObject({ status: 'retry', code: 'faulty_result' });
    },
  );

  it("logs and calls in the caller's trace", async () => {
    let seen: string | undefined;
    const behave = () => {
      seen = currentTraceId();
      throw new Error('no route to the depot');
    };
    await run(behave, { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' });
    expect(seen).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
    expect(logged()).toMatchObject([{ traceId: seen }]);
    await run(behave, { traceparent: 'no trace' });
    expect(seen).toMatch(/^[0-9a-f]{32}$/);
  });

  it('runs calls side by side', async () => {
    let first: (() => void) | undefined;
    const answer = run(() => new Promise((resolve) => (first = () => resolve(retry({ code: 'first' })))));
    expect(await run(() => completed('second'))).toMatchObject({ output: 'second' });
    first?.();
    expect(await answer).toMatchObject({ code: 'first' });
  });

  it.each([undefined, null, 'text', {}])(
    'throws `invalid` with the faults for what is no request: %p',
    (data) => expect(runner.run(data)).rejects.toMatchObject({ code: 'invalid', faults: expect.any(Array) }),
  );
});
