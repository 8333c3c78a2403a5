import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { kafkaAvailable } from '@bus/kafka-dev';
import type { Layer, LayerContext, PartResult, ProofBroker } from '../layer';
import { SeededRandom } from '../random';
import { cellsOf, type CrashCell } from './crash-cell';
import { CrashStage } from './crash-stage';
import type { CrashPointName } from './crash-points';
import { runCell } from './run-cell';
import { runInTurns } from './run-in-turns';

/** Cells at the same time: they mostly wait for leases, and for memberships to end. */
const AT_ONCE: Record<ProofBroker, number> = { postgres: 8, kafka: 4 };

/** What cells of these points use, one at a time: the replica that is ended, a service, a graph. */
const TURNS: Partial<Record<CrashPointName, string>> = {
  'sweep.before-commit': 'victim',
  'sweep.after-commit': 'victim',
  'kit.before-commit': 'kit service',
  'kit.after-commit': 'kit service',
  'replay.before-commit': 'refusing service',
  'mirror.after-send': 'refusing service',
  'activate.before-commit': 'changing graph',
};

/** T3: a process ended or stopped at each point where a commit, a send or an answer has just happened, or has not. */
export const crashLayer: Layer = {
  name: 'crash',
  title:
    'crash matrix: real processes ended (SIGKILL) or stopped past their lease (SIGSTOP) at every crash point',

  async run(context: LayerContext): Promise<PartResult[]> {
    const { brokers, note } = brokersOf(context.broker);
    const cells = cellsOf(context.tier, new SeededRandom(context.seed).fork('crash'), brokers);
    const results = cells.flatMap(({ name }) => context.done.get(name) ?? []);
    const todo = cells.filter(({ name }) => !context.done.has(name));
    const finished = (result: PartResult, keeps: boolean) => {
      results.push(result);
      if (keeps) context.keep(result.part, result);
      const seconds = (result.durationMs / 1000).toFixed(1);
      const verdict =
        result.violations.length === 0 ? 'ok' : result.violations.map(({ rule }) => rule).join(', ');
      context.progress(
        `${results.length} of ${cells.length} cells: ${result.part} ${verdict} in ${seconds} s`,
      );
    };
    // Both to their end, whatever comes of one: nothing of this layer may run beside the next.
    const ends = await Promise.allSettled(
      brokers.map((broker) =>
        runOn(
          broker,
          todo.filter((cell) => cell.broker === broker),
          context,
          finished,
        ),
      ),
    );
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    if (note && results[0]) results[0] = { ...results[0], notes: [...(results[0].notes ?? []), note] };
    return results;
  },
};

async function runOn(
  broker: ProofBroker,
  cells: readonly CrashCell[],
  context: LayerContext,
  finished: (result: PartResult, keeps: boolean) => void,
): Promise<void> {
  if (cells.length === 0) return;
  const workDir = join(context.workDir, broker);
  const markers = join(workDir, 'markers');
  mkdirSync(markers, { recursive: true });
  const { signal } = context;
  const crash = await CrashStage.open({
    broker,
    workDir,
    signal,
    progress: (text) => context.progress(`${broker}: ${text}`),
  });
  try {
    await runInTurns(cells, {
      atOnce: AT_ONCE[broker],
      turnOf: ({ point }) => TURNS[point.name] ?? null,
      run: async (cell) => {
        try {
          finished(await runCell(crash, cell, { dir: markers, signal }), true);
        } catch (error) {
          signal.throwIfAborted();
          // Nothing is known of the cell: the others go on, and it is not kept.
          finished(notRun(cell, error), false);
        }
      },
    });
  } finally {
    await crash.close();
  }
}

function notRun({ name }: CrashCell, error: unknown): PartResult {
  const detail = `${name}: ${error instanceof Error ? error.message : String(error)}`;
  return { part: name, durationMs: 0, counts: {}, violations: [{ rule: 'not run', detail, repeat: name }] };
}

function brokersOf(wanted: ProofBroker | null): { brokers: ProofBroker[]; note: string | null } {
  const found = kafkaAvailable();
  if (wanted === 'kafka') {
    if (!found.available) throw new Error(`Kafka can't be started here: ${found.missing} is missing`);
    return { brokers: ['kafka'], note: null };
  }
  if (wanted === 'postgres')
    return { brokers: ['postgres'], note: 'ingest.after-broker-commit is a point of Kafka alone: not run' };
  if (found.available) return { brokers: ['postgres', 'kafka'], note: null };
  return { brokers: ['postgres'], note: `Kafka's cells were not run: ${found.missing} is missing` };
}
