import { connect } from 'node:net';
import { BusRpcClient } from '@bus/app-shell';
import { completed, retry, RPC, type OperationReply, type OperationRequest } from '@bus/contracts';
import { OperationRpcController } from './operation.rpc.controller';
import { within } from './testing/gate';
import { kitRequest } from './testing/kit-request';
import { startKitApp, type KitApp } from './testing/start-kit-app';

/** A machine that others use too. */
jest.setTimeout(60_000);

describe(OperationRpcController.name, () => {
  let kit: KitApp;

  beforeAll(async () => {
    kit = await startKitApp();
  });
  beforeEach(() => {
    kit.handler.calls.length = 0;
    kit.handler.behave = () => completed();
  });
  afterAll(() => kit.stop());

  const call = (data: unknown, pattern: object = RPC.execute, rpc: BusRpcClient = kit.rpc) =>
    rpc.call<OperationReply>(pattern, data, { timeoutMs: 20_000 });
  const obey = (over: Partial<OperationRequest> = {}) => kitRequest({ operation: 'kit.obey', ...over });

  it('runs an operation once over repeated calls', async () => {
    const request = kitRequest();
    const { executionId, operation } = request;
    const reply = { executionId, operation, status: 'completed', output: { length: 16 } };
    expect(await call(request)).toEqual({ outcome: 'reply', reply: { ...reply, attempt: 1 } });
    expect(await call({ ...request, attempt: 2 })).toEqual({
      outcome: 'reply',
      reply: { ...reply, attempt: 2, duplicate: true },
    });
    expect(await kit.database.effects(request)).toBe(1);
  });

  it.each([
    ['unknown_event_type', 'kit.unknown', {}],
    ['invalid_payload', 'kit.asked', { userId: 7 }],
  ])('answers a payload that can never work with rejected %s', async (code, type, payload) => {
    const request = kitRequest();
    const answer = await call({ ...request, event: { ...request.event, type, payload } });
    expect(answer).toMatchObject({ reply: { status: 'rejected', code } });
    expect(await kit.database.effects(request)).toBe(0);
  });

  it('answers a handler that throws with retry, not with an error', async () => {
    kit.handler.behave = () => Promise.reject(new Error('SECRET'));
    const answer = await call(obey());
    expect(answer).toMatchObject({
      outcome: 'reply',
      reply: { status: 'retry', code: 'handler_error', reason: 'the handler threw Error' },
    });
  });

  it('trap-21: answers an operation that it does not know with retry in a minute at least', async () => {
    const answer = await call(kitRequest({ operation: 'kit.later' }));
    expect(answer).toMatchObject({
      reply: { status: 'retry', code: 'unknown_operation', retryAfterMs: 60_000 },
    });
  });

  it('answers what is no request with an error that names the faults, and serves the next', async () => {
    const answer = await call({ ...obey(), attempt: 0, executionId: 'SECRET' });
    expect(answer).toEqual({
      outcome: 'error',
      error: {
        error: {
          code: 'invalid',
          message: 'This is no operation request.',
          outcome: 'not_accepted',
          faults: ['/executionId', '/attempt'].map((path) => ({ path, message: expect.any(String) })),
        },
      },
    });
    expect(JSON.stringify(answer)).not.toContain('SECRET');
    expect(await call(obey())).toMatchObject({ reply: { status: 'completed' } });
    expect(kit.handler.calls).toHaveLength(1);
  });

  it('trap-33: does not run a frame without an id, whose sender could not be answered', async () => {
    const [unanswered, answered] = [obey(), obey()];
    const socket = connect(kit.rpcPort, '127.0.0.1');
    const frame = (packet: object) => {
      const json = JSON.stringify(packet);
      socket.write(`${json.length}#${json}`);
    };
    frame({ pattern: RPC.execute, data: unanswered });
    frame({ pattern: RPC.execute, data: answered, id: 'second' });
    const answer = await within(
      new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data)))),
      'the second frame should be answered',
    );
    socket.destroy();
    expect(answer).toContain(answered.executionId);
    expect(kit.handler.calls.map(({ executionId }) => executionId)).toEqual([answered.executionId]);
  });

  it('trap-37: answers an output and a reason that are far too long without closing the shared socket', async () => {
    const rpc = new BusRpcClient({ host: '127.0.0.1', port: kit.rpcPort });
    let release: (() => void) | undefined;
    kit.handler.behave = () => new Promise((resolve) => (release = () => resolve(completed('beside'))));
    const beside = call(obey(), RPC.execute, rpc);
    await call({}, RPC.describe, rpc); // one socket: the call before it has begun
    kit.handler.behave = () => completed('x'.repeat(5 * 1024 * 1024));
    expect(await call(obey(), RPC.execute, rpc)).toMatchObject({
      reply: { status: 'rejected', code: 'output_too_large' },
    });
    kit.handler.behave = () => retry({ reason: 'x'.repeat(5 * 1024 * 1024) });
    expect(await call(obey(), RPC.execute, rpc)).toMatchObject({ reply: { reason: 'x'.repeat(2_048) } });
    release?.();
    expect(await beside).toMatchObject({ outcome: 'reply', reply: { output: 'beside' } });
    rpc.close();
  });

  it('describes its operations with their event types and schemas', async () => {
    const answer = await call({}, RPC.describe);
    expect(answer).toMatchObject({
      reply: {
        service: 'kit',
        version: '1.2.3',
        contract: 1,
        operations: [
          {
            operation: 'kit.apply',
            eventTypes: ['kit.asked'],
            schemas: { 'kit.asked': { required: ['userId', 'note'] } },
          },
          { operation: 'kit.obey', eventTypes: ['kit.asked', 'kit.other'], schemas: {} },
        ],
      },
    });
  });
});
