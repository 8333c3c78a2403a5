import { BusError } from '@bus/contracts';
import { lastValueFrom } from 'rxjs';
import { recordLog } from '../testing/record-log';
import { RpcErrorFilter } from './rpc-error.filter';

describe(RpcErrorFilter.name, () => {
  const log = recordLog();
  const answerTo = (exception: unknown) =>
    lastValueFrom(new RpcErrorFilter().catch(exception)).catch((answer: unknown) => answer);

  beforeEach(() => void recordLog());

  it('answers a BusError as it is, without a log line', async () => {
    const faults = [{ path: '/key', message: 'too long' }];
    expect(await answerTo(new BusError({ code: 'conflict', message: 'No.', faults }))).toEqual({
      error: { code: 'conflict', message: 'No.', outcome: 'not_accepted', faults },
    });
    expect(log.lines).toEqual([]);
  });

  it.each([new TypeError('s3cret is not a function'), 's3cret', null, undefined])(
    'answers internal, outcome unknown and without details, to %p, and logs it',
    async (exception) => {
      const answer = await answerTo(exception);
      expect(answer).toEqual({
        error: { code: 'internal', message: expect.any(String), outcome: 'unknown', faults: [] },
      });
      expect(JSON.stringify(answer)).not.toContain('s3cret');
      expect(log.lines).toMatchObject([{ msg: 'an RPC call failed', context: RpcErrorFilter.name }]);
    },
  );
});
