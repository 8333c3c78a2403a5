import { OPERATION_DEFAULTS, type OperationSettings } from '@bus/contracts';
import { toRunnableGraph, type RunnableGraph } from '@bus/domain';

const NAMES = ['model.a', 'model.b', 'model.c', 'model.d'] as const;
/** Kept: the same shapes come up again and again. */
const shapes = new Map<number, RunnableGraph>();
const SHAPES = 4_096;

/** A graph of one to four operations that follows from a number alone: dependencies, lanes, policies, retries. */
export function shapeOf(number: number): RunnableGraph {
  const id = number % SHAPES;
  let graph = shapes.get(id);
  if (!graph) shapes.set(id, (graph = makeShape(id)));
  return graph;
}

function makeShape(id: number): RunnableGraph {
  let bits = Math.imul(id + 1, 0x9e3779b1) >>> 0;
  const draw = (below: number) => {
    bits = (Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0;
    return bits % below;
  };
  const operations = NAMES.slice(0, 1 + draw(4)).map((name, index) => ({
    ...OPERATION_DEFAULTS,
    name,
    eventType: 'model.event',
    endpoint: 'tcp://127.0.0.1:1',
    operationId: index + 1,
    dependsOn: NAMES.slice(0, index).filter(() => draw(2) === 0),
    ordered: draw(2) === 0,
    onDependencyDead: (['block', 'skip', 'run'] as const)[draw(3)],
    onDead: (['block', 'skip'] as const)[draw(2)],
    effect: (['at_least_once', 'at_least_once', 'at_most_once'] as const)[draw(3)],
    delayMs: draw(5) === 0 ? 2_000 : 0,
    filter: draw(4) === 0 ? 'payload.wanted' : null,
    retry: {
      ...OPERATION_DEFAULTS.retry,
      maxAttempts: [null, 1, 3][draw(3)] as OperationSettings['retry']['maxAttempts'],
      maxAgeMs: [604_800_000, 60_000][draw(2)],
      backoffMs: [1_000, 10][draw(2)],
    },
  }));
  return toRunnableGraph({ graphId: id, eventType: 'model.event', version: 1 }, operations);
}
