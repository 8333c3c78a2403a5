import { StartupError } from '@bus/app-shell';
import { OperationConsumer, OperationHandler, completed, orderPaid } from '@bus/contracts';
import { z } from 'zod';
import { OperationRegistry, type RegistryOptions } from './operation-registry';

abstract class Completing extends OperationHandler {
  async execute() {
    return completed();
  }
}

@OperationConsumer('refunds.issue')
class IssueRefund extends Completing {}

@OperationConsumer('refunds.issue')
class IssueRefundAgain extends Completing {}

@OperationConsumer('refunds.announce', 'refunds.archive')
class AnnounceRefund extends Completing {}

class Undecorated extends Completing {}

const registryOf = (over: Partial<RegistryOptions>) =>
  new OperationRegistry({ service: 'refunds', version: '1.2.3', handlers: [], ...over });

/** The lines of the error that the start fails with. */
function faultsOf(over: Partial<RegistryOptions>): string[] {
  try {
    registryOf(over);
  } catch (error) {
    if (error instanceof StartupError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe(OperationRegistry.name, () => {
  it('tells the handler of each operation, and of one that it does not know that there is none', () => {
    const registry = registryOf({ handlers: [IssueRefund, AnnounceRefund] });
    const instances = new Map([IssueRefund, AnnounceRefund].map((type) => [type, new type()]));
    registry.bind((type) => instances.get(type as typeof IssueRefund) as OperationHandler);
    expect(registry.handlerOf('refunds.issue')).toBe(instances.get(IssueRefund));
    expect(registry.handlerOf('refunds.announce')).toBe(instances.get(AnnounceRefund));
    expect(registry.handlerOf('refunds.archive')).toBe(instances.get(AnnounceRefund));
    expect(registry.handlerOf('refunds.later')).toBeUndefined();
    expect(registry.handlerOf('constructor')).toBeUndefined();
  });

  describe('at the start', () => {
    it('names the decorator to add where an operation has no handler', () => {
      expect(faultsOf({ operations: { 'refunds.issue': ['order.refunded'] } })).toEqual([
        "refunds.issue has no handler; add @OperationConsumer('refunds.issue') to a class in RefundsModule",
      ]);
    });

    it('names both classes where an operation has two handlers', () => {
      expect(faultsOf({ handlers: [IssueRefund, IssueRefundAgain] })).toEqual([
        'refunds.issue has two handlers, IssueRefund and IssueRefundAgain; remove it from one @OperationConsumer',
      ]);
    });

    it('names the decorator to add where a handler names no operation', () => {
      expect(faultsOf({ handlers: [Undecorated] })).toEqual([
        "Undecorated names no operation; add @OperationConsumer('<service>.<verb>') to it",
      ]);
    });

    it('names the place to list an operation that the service does not promise', () => {
      expect(faultsOf({ service: 'refund-desk', handlers: [IssueRefund], operations: {} })).toEqual([
        'refunds.issue is not among the operations of RefundDeskModule; add it to ConsumerModule.register',
      ]);
    });

    it('names all faults at once', () => {
      const faults = faultsOf({
        handlers: [IssueRefund, IssueRefundAgain, AnnounceRefund, Undecorated],
        operations: { 'refunds.issue': [], 'refunds.announce': [], 'refunds.undo': [] },
      });
      expect(faults.map((fault) => fault.split(/[;,]| to /)[0])).toEqual([
        'refunds.issue has two handlers',
        'Undecorated names no operation',
        'refunds.undo has no handler',
        'refunds.archive is not among the operations of RefundsModule',
      ]);
    });

    it('finds nothing wrong where nothing is promised, or all that is', () => {
      expect(faultsOf({ handlers: [IssueRefund, AnnounceRefund] })).toEqual([]);
      expect(faultsOf({ handlers: [IssueRefund], operations: { 'refunds.issue': [] } })).toEqual([]);
    });
  });

  describe('describe', () => {
    it('tells service, version, contract and operations by name', () => {
      const description = registryOf({ handlers: [IssueRefund, AnnounceRefund] }).describe();
      expect(description).toEqual({
        service: 'refunds',
        version: '1.2.3',
        contract: 1,
        operations: ['refunds.announce', 'refunds.archive', 'refunds.issue'].map((operation) => ({
          operation,
          eventTypes: [],
          schemas: {},
        })),
      });
    });

    it('tells event types, and the schema of each as JSON Schema where one is known', () => {
      const { operations } = registryOf({
        handlers: [IssueRefund, AnnounceRefund],
        operations: {
          'refunds.issue': {
            'order.paid': orderPaid,
            'order.dated': z.object({ at: z.date(), size: z.number().default(1) }),
          },
          'refunds.announce': ['order.refunded'],
          'refunds.archive': ['order.refunded', 'order.paid'],
        },
      }).describe();
      expect(operations.map(({ eventTypes }) => eventTypes)).toEqual([
        ['order.refunded'],
        ['order.refunded', 'order.paid'],
        ['order.paid', 'order.dated'],
      ]);
      expect(operations[0]?.schemas).toEqual({});
      expect(operations[2]?.schemas).toMatchObject({
        'order.paid': {
          type: 'object',
          properties: { amountCents: { type: 'integer', minimum: 0 } },
          required: ['orderId', 'userId', 'amountCents'],
        },
        // What a caller may leave out is not required; what JSON Schema cannot say is anything.
        'order.dated': { properties: { at: {} }, required: ['at'] },
      });
    });
  });
});
