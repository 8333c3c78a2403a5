import { Clock, SystemClock } from '@bus/app-shell';
import {
  operationsOf,
  type OperationHandler,
  type OperationReply,
  type OperationRequest,
} from '@bus/contracts';
import type { DataSource } from 'typeorm';
import { OperationRegistry } from '../operation-registry';
import { OperationRunner } from '../operation-runner';

/** One handler on a real database, ready to be called. */
export interface OperationUnderTest {
  handler: OperationHandler;
  dataSource: DataSource;
  /** A good request for a new execution each time (new executionId and messageId), with what is given over it. */
  request(over?: Partial<OperationRequest>): OperationRequest;
  /** How many effects are there: rows of the ledger, sent messages. */
  effects(): Promise<number>;
  close(): Promise<void>;
}

export interface OperationConformance {
  title: string;
  setup(): Promise<OperationUnderTest>;
}

/**
 * What every handler owes the bus, as a spec: it may be called again, at the same time, late, and with what it does
 * not know. Calls go through the kit as they do in the app.
 */
export function operationConformance({ title, setup }: OperationConformance): void {
  describe(title, () => {
    let subject: OperationUnderTest;
    let runner: OperationRunner;

    beforeAll(async () => {
      subject = await setup();
      runner = runnerOf(subject.handler);
    });
    afterAll(() => subject.close());

    const run = (request: OperationRequest): Promise<OperationReply> => runner.run(structuredClone(request));
    const effectsOf = async (calls: () => Promise<unknown>): Promise<number> => {
      const before = await subject.effects();
      await calls();
      return (await subject.effects()) - before;
    };

    it('completes a good request with one effect', async () => {
      const request = subject.request();
      let reply: OperationReply | undefined;
      expect(await effectsOf(async () => (reply = await run(request)))).toBe(1);
      expect(reply).toMatchObject({
        status: 'completed',
        executionId: request.executionId,
        attempt: request.attempt,
      });
      expect(reply?.duplicate).toBeUndefined();
    });

    it('answers a repeated call with duplicate and the same output, and has one effect', async () => {
      const request = subject.request();
      const replies: OperationReply[] = [];
      const effects = await effectsOf(async () => {
        replies.push(await run(request));
        replies.push(await run({ ...request, attempt: request.attempt + 1 }));
      });
      expect(effects).toBe(1);
      expect(replies[1]).toMatchObject({ status: 'completed', duplicate: true });
      expect(replies[1]?.output).toEqual(replies[0]?.output);
    });

    it('has one effect when the same call comes several times at once', async () => {
      const request = subject.request();
      let replies: OperationReply[] = [];
      const effects = await effectsOf(async () => {
        replies = await Promise.all(Array.from({ length: 4 }, () => run(request)));
      });
      expect(effects).toBe(1);
      expect(replies.filter(({ status, duplicate }) => status === 'completed' && !duplicate)).toHaveLength(1);
      expect(replies.every(({ status }) => status !== 'rejected')).toBe(true);
    });

    it('has no second effect when an older attempt comes late', async () => {
      const request = subject.request({ attempt: 3 });
      const effects = await effectsOf(async () => {
        await run(request);
        expect(await run({ ...request, attempt: 2 })).toMatchObject({
          status: 'completed',
          duplicate: true,
          attempt: 2,
        });
      });
      expect(effects).toBe(1);
    });

    it('rejects an executionId that was used with other content', async () => {
      const request = subject.request();
      await run(request);
      const other = {
        ...request,
        event: { ...request.event, messageId: `${request.event.messageId}-other` },
      };
      let reply: OperationReply | undefined;
      expect(await effectsOf(async () => (reply = await run(other)))).toBe(0);
      expect(reply).toMatchObject({ status: 'rejected', code: 'content_mismatch' });
    });

    it('rejects an event type that it does not know, without an effect', async () => {
      const request = subject.request();
      const unknown = { ...request, event: { ...request.event, type: 'conformance.unknown' } };
      let reply: OperationReply | undefined;
      expect(await effectsOf(async () => (reply = await run(unknown)))).toBe(0);
      expect(reply).toMatchObject({ status: 'rejected' });
    });

    it.each([
      ['nothing', null],
      ['a text', 'text'],
      ['a list', []],
      ['an object without its fields', {}],
      ['fields of other types', { orderId: 7, userId: {}, amountCents: 'many' }],
    ])('rejects a payload that is %s, without throwing', async (_what, payload) => {
      const request = subject.request();
      const bad = { ...request, event: { ...request.event, payload } };
      let reply: OperationReply | undefined;
      expect(await effectsOf(async () => (reply = await run(bad)))).toBe(0);
      expect(reply).toMatchObject({ status: 'rejected' });
    });

    it('begins nothing when the time of the attempt has passed', async () => {
      let reply: OperationReply | undefined;
      expect(await effectsOf(async () => (reply = await run(subject.request({ deadlineMs: 0 }))))).toBe(0);
      expect(reply).toMatchObject({ status: 'retry', code: 'deadline_passed' });
    });
  });
}

/** The kit around one handler. */
function runnerOf(handler: OperationHandler, clock: Clock = new SystemClock()): OperationRunner {
  const type = handler.constructor as new () => OperationHandler;
  if (operationsOf(type).length === 0) throw new Error(`${type.name} bears no @OperationConsumer`);
  const registry = new OperationRegistry({ service: 'conformance', version: '0', handlers: [type] });
  registry.bind(() => handler);
  return new OperationRunner(registry, clock);
}
