import {
  CONTRACT_VERSION,
  operationsOf,
  type EventType,
  type OperationHandler,
  type ServiceDescription,
} from '@bus/contracts';
import { StartupError } from '@bus/app-shell';
import type { Type } from '@nestjs/common';
import { z } from 'zod';
import type { PayloadSchemas } from './payload';

export interface RegistryOptions {
  /** As in the app's name; names its module in messages: `refunds` → `RefundsModule`. */
  service: string;
  version: string;
  handlers: readonly Type<OperationHandler>[];
  /**
   * The operations that the service promises, with what each expects by event type. Given, the start fails where one
   * has no handler or a handler is not listed, and `describe` tells event types and schemas.
   */
  operations?: Record<string, PayloadSchemas | readonly EventType[]>;
}

/** Which handler runs which operation; complete and without doubles, or the app does not start. */
export class OperationRegistry {
  private readonly classes = new Map<string, Type<OperationHandler>>();
  private readonly handlers = new Map<string, OperationHandler>();

  /** @throws StartupError that names all faults with their fixes */
  constructor(private readonly options: RegistryOptions) {
    const faults: string[] = [];
    for (const handler of options.handlers) this.add(handler, faults);
    this.compareWithPromised(faults);
    if (faults.length > 0) throw new StartupError(faults.join('\n'));
  }

  /** Gives each class its instance. */
  bind(instanceOf: (handler: Type<OperationHandler>) => OperationHandler): void {
    for (const [operation, handler] of this.classes) this.handlers.set(operation, instanceOf(handler));
  }

  handlerOf(operation: string): OperationHandler | undefined {
    return this.handlers.get(operation);
  }

  describe(): ServiceDescription {
    const { service, version } = this.options;
    const operations = [...this.classes.keys()].sort().map((operation) => {
      const promised = this.options.operations?.[operation] ?? [];
      if (Array.isArray(promised)) return { operation, eventTypes: [...promised], schemas: {} };
      const schemas = Object.entries(promised as PayloadSchemas);
      return {
        operation,
        eventTypes: schemas.map(([eventType]) => eventType),
        schemas: Object.fromEntries(
          schemas.map(([type, schema]) => [type, z.toJSONSchema(schema, JSON_SCHEMA)]),
        ),
      };
    });
    return { service, version, contract: CONTRACT_VERSION, operations };
  }

  private add(handler: Type<OperationHandler>, faults: string[]): void {
    const operations = operationsOf(handler);
    if (operations.length === 0) {
      faults.push(`${handler.name} names no operation; add @OperationConsumer('<service>.<verb>') to it`);
    }
    for (const operation of operations) {
      const other = this.classes.get(operation);
      if (other) {
        faults.push(
          `${operation} has two handlers, ${other.name} and ${handler.name}; remove it from one @OperationConsumer`,
        );
      } else this.classes.set(operation, handler);
    }
  }

  private compareWithPromised(faults: string[]): void {
    const { operations, service } = this.options;
    if (!operations) return;
    const module = `${service.replace(/(^|-)(\w)/g, (_, _dash, letter: string) => letter.toUpperCase())}Module`;
    for (const operation of Object.keys(operations)) {
      if (this.classes.has(operation)) continue;
      faults.push(
        `${operation} has no handler; add @OperationConsumer('${operation}') to a class in ${module}`,
      );
    }
    for (const operation of this.classes.keys()) {
      if (Object.hasOwn(operations, operation)) continue;
      faults.push(`${operation} is not among the operations of ${module}; add it to ConsumerModule.register`);
    }
  }
}

const JSON_SCHEMA = { io: 'input', unrepresentable: 'any' } as const;
