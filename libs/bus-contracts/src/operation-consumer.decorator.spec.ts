import { OperationConsumer, operationsOf } from './operation-consumer.decorator';
import { OperationHandler } from './operation-handler';
import { completed } from './operation-result';

abstract class Completing extends OperationHandler {
  async execute() {
    return completed();
  }
}

@OperationConsumer('points.grant')
class GrantPoints extends Completing {
  constructor(readonly ledger: string) {
    super();
  }
}

@OperationConsumer('points.take', 'points.expire')
class TakePoints extends Completing {}

class Undecorated extends Completing {}
class Inheriting extends GrantPoints {}

@OperationConsumer('points.double')
class Overriding extends GrantPoints {}

describe(OperationConsumer.name, () => {
  it('marks the class with its operations and leaves it as it is', () => {
    expect(operationsOf(GrantPoints)).toEqual(['points.grant']);
    expect(operationsOf(TakePoints)).toEqual(['points.take', 'points.expire']);
    expect(new GrantPoints('ledger')).toMatchObject({ ledger: 'ledger' });
    expect(GrantPoints.name).toBe('GrantPoints');
  });

  it('goes before what a class inherits, and leaves its base as it is', () => {
    expect(operationsOf(Inheriting)).toEqual(['points.grant']);
    expect(operationsOf(Overriding)).toEqual(['points.double']);
    expect(operationsOf(GrantPoints)).toEqual(['points.grant']);
  });

  it('can be read by another copy of this library', () => {
    expect(Object.getOwnPropertySymbols(GrantPoints)).toContain(Symbol.for('omnibus.operations'));
  });
});

describe(operationsOf.name, () => {
  it.each([[Undecorated], [OperationHandler], [{}], ['text'], [null], [undefined]])(
    'finds none in %p',
    (target) => {
      expect(operationsOf(target)).toEqual([]);
    },
  );
});
