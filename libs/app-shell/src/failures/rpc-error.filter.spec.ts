import { BusError } from '@bus/contracts';
import { lastValueFrom } from 'rxjs';
import { captureLog } from '../testing/rpc-harness';
import { RpcErrorFilter } from './rpc-error.filter';

describe(RpcErrorFilter.name, () => {
  const log = captureLog();
  const answerTo = (exception: unknown) =>
    lastValueFrom(new RpcErrorFilter().catch(exception)).catch((answer: unknown) => answer);

  beforeEach(() => (log.length = 0));

  it('answers a BusError as it is, without a log line', async () => {
    const faults = [{ path: '/key', message: 'too long' }];
    expect(await answerTo(new BusError({ code: 'conflict', message: 'No.', faults }))).toEqual({
      error: { code: 'conflict', message: 'No.', outcome: 'not_accepted', faults },
    });
    expect(log).toEqual([]);
  });

  it.each([new TypeError('s3cret is not a function'), 's3cret', null, undefined])(
    'answers internal, outcome unknown and without details, to %p, and logs it',
    async (exception) => {
      const answer = await answerTo(exception);
      expect(answer).toEqual({
        error: { code: 'internal', message: expect.any(String), outcome: 'unknown', faults: [] },
      });
      expect(JSON.stringify(answer)).not.toContain('s3cret');
      expect(log).toMatchObject([[{ err: exception }, 'an RPC call failed', RpcErrorFilter.name]]);
    },
  );
});
