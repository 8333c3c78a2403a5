import type { OperationHandler } from './operation-handler';

const OPERATIONS = Symbol.for('omnibus.operations');

/** Marks a handler class with the operation it implements: `@OperationConsumer('points.grant')`. */
export function OperationConsumer(operation: string, ...more: string[]) {
  return <C extends abstract new (...args: never[]) => OperationHandler>(target: C): C => {
    Object.defineProperty(target, OPERATIONS, { value: [operation, ...more], configurable: true });
    return target;
  };
}

/** Operations that a class declares; empty where it bears no decorator. */
export function operationsOf(target: unknown): readonly string[] {
  return (target as { [OPERATIONS]?: readonly string[] } | null)?.[OPERATIONS] ?? [];
}
