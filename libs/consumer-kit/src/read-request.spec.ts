import { BusError, type OperationRequest } from '@bus/contracts';
import { readRequest } from './read-request';
import { kitRequest } from './testing/kit-request';

/** The error that a request is refused with. */
function refusal(data: unknown): BusError {
  try {
    readRequest(data);
  } catch (error) {
    if (error instanceof BusError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe(readRequest.name, () => {
  const request = kitRequest();

  it('takes a request as it came, with what a newer bus may add', () => {
    const newer = {
      ...request,
      priority: 1,
      inputs: { 'coupons.issue': { code: 'C-1' } },
      event: { ...request.event, dataschema: 'x' },
    };
    expect(readRequest(newer)).toEqual(newer);
  });

  it.each<[string, Partial<OperationRequest>]>([
    ['no key', { event: { ...request.event, key: null } }],
    ['a null payload', { event: { ...request.event, payload: null } }],
    ['no time left', { deadlineMs: -1 }],
    ['an executionId in capitals', { executionId: request.executionId.toUpperCase() }],
  ])('takes %s', (_what, over) => {
    expect(readRequest({ ...request, ...over })).toMatchObject(over);
  });

  it.each<[string, object]>([
    ['/contract', { contract: 2 }],
    ['/operation', { operation: '' }],
    ['/operation', { operation: 'x'.repeat(256) }],
    ['/executionId', { executionId: 'execution-1' }],
    ['/attempt', { attempt: 0 }],
    ['/attempt', { attempt: 1.5 }],
    ['/deadlineMs', { deadlineMs: '5000' }],
    ['/effect', { effect: 'exactly_once' }],
    ['/event', { event: undefined }],
    ['/event/messageId', { event: { ...request.event, messageId: '' } }],
    ['/event/source', { event: { ...request.event, source: 7 } }],
    ['/event/type', { event: { ...request.event, type: undefined } }],
    ['/event/key', { event: { ...request.event, key: undefined } }],
    ['/event/occurredAt', { event: { ...request.event, occurredAt: 0 } }],
    ['/inputs', { inputs: [] }],
    ['/traceparent', { traceparent: {} }],
  ])('names the fault at %s', (path, over) => {
    const { code, outcome, faults } = refusal({ ...request, ...over });
    expect({ code, outcome }).toEqual({ code: 'invalid', outcome: 'not_accepted' });
    expect(faults.map((fault) => fault.path)).toEqual([path]);
  });

  it('says which contract it speaks', () => {
    expect(refusal({ ...request, contract: 2 }).faults[0]?.message).toBe('this service speaks contract 1');
  });

  it.each([undefined, null, true, 7, 'text', []])('refuses what is no object: %p', (data) => {
    expect(refusal(data)).toMatchObject({ code: 'invalid', faults: [{ path: '' }] });
  });

  it('names all faults at once, and no value of the request', () => {
    const answer = refusal({ contract: 'SECRET-1', executionId: 'SECRET-2', effect: 'SECRET-3' }).toAnswer();
    expect(answer.error.faults.map(({ path }) => path)).toEqual(
      ['contract', 'operation', 'executionId', 'attempt', 'deadlineMs', 'effect', 'event'].map(
        (name) => `/${name}`,
      ),
    );
    expect(JSON.stringify(answer)).not.toContain('SECRET');
  });
});
