import { BusError } from './bus-error';
import { ERROR_STATUS } from './error-code';
import { LIMITS } from './limits';

class UnknownOperationError extends BusError {
  constructor(readonly details: { operation: string }) {
    super({ code: 'not_found', message: `${details.operation} is not configured; apply it first` });
  }
}

const faults = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ path: `/events/${at}`, message: 'is no event' }));

describe(BusError.name, () => {
  it('answers code, message, outcome and faults, and no more', () => {
    const error = new BusError({
      code: 'unavailable',
      message: 'The broker did not answer; publish again with the same messageId.',
      outcome: 'unknown',
      faults: faults(1),
      cause: new Error('SECRET'),
      logLevel: 'error',
    });
    expect(JSON.parse(JSON.stringify(error.toAnswer()))).toEqual({
      error: {
        code: 'unavailable',
        message: 'The broker did not answer; publish again with the same messageId.',
        outcome: 'unknown',
        faults: [{ path: '/events/0', message: 'is no event' }],
      },
    });
    expect(error.logLevel).toBe('error');
    expect(error.cause).toEqual(new Error('SECRET'));
  });

  it('is not_accepted, without faults and a warning, unless it says otherwise', () => {
    const error = new BusError({ code: 'conflict', message: 'Somebody was faster; look again.' });
    expect(error).toMatchObject({ outcome: 'not_accepted', faults: [], logLevel: 'warn', cause: undefined });
    expect(error.toAnswer().error.faults).toEqual([]);
  });

  it('names at most 10 faults, the first ones', () => {
    const error = new BusError({ code: 'invalid', message: 'Faulty.', faults: faults(11) });
    expect(error.toAnswer().error.faults).toEqual(faults(LIMITS.faults));
  });

  it('gives each answer faults of its own', () => {
    const given = faults(1);
    const error = new BusError({ code: 'invalid', message: 'Faulty.', faults: given });
    given.pop();
    error.toAnswer().error.faults.pop();
    expect(error.toAnswer().error.faults).toHaveLength(1);
  });

  it('bears the name of the class of its case', () => {
    const error = new UnknownOperationError({ operation: 'points.grant' });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'UnknownOperationError', details: { operation: 'points.grant' } });
  });
});

describe('ERROR_STATUS', () => {
  it('has one HTTP error status per code, and one code per status', () => {
    const statuses = Object.values(ERROR_STATUS);
    expect(new Set(statuses).size).toBe(statuses.length);
    for (const status of statuses) expect(status >= 400 && status < 600).toBe(true);
  });
});
