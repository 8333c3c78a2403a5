import { setTimeout as pause } from 'node:timers/promises';
import type { OperationState } from '@bus/contracts';
import { PostgresExecutionControl, PostgresOperationGraphs } from '@bus/store';
import type { PersonAction } from '../checker/evidence';
import type { SeededRandom } from '../random';
import type { Stage } from '../stage/stage';
import { mainGraph } from './graphs';
import type { History } from './history';
import { MAIN_TYPE } from './planned-events';
import { persistently } from './recovery-watch';

const AWAY_AT_MOST_MS = 60_000;
/** Of one call. */
const MOST_REPLAYS = 200;

/** What operators do meanwhile: pauses, disables and activates, each until it is answered. */
export class People {
  actions = 0;
  /** What changes what is to be expected of an execution. */
  readonly touched: PersonAction[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly history: History,
    private readonly random: SeededRandom,
    private readonly signal: AbortSignal,
  ) {}

  /** @param rounds of one pause, one disable and one activation each */
  async run(spanMs: number, rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      await this.wait(spanMs / rounds / 4);
      await this.forAWhile('proof.record-b', 'paused');
      await this.ask(`activate ${round}`, () =>
        this.stage.activate(MAIN_TYPE, mainGraph(round % 2 === 0 ? 1 : 0)),
      );
      await this.forAWhile('proof.record-d', 'disabled');
    }
  }

  /** Everything is active then. */
  async heal(): Promise<void> {
    for (const operation of ['proof.record-b', 'proof.record-d']) await this.setState(operation, 'active');
  }

  /** Replays dead letters under their own execution ids: what they depended on goes on, and no effect comes twice.
   *  @returns how many */
  async replayDead(): Promise<number> {
    const { rows } = await this.stage.pool.query<{
      eventId: string;
      operation: string;
      attempt: number;
      event: string;
    }>(
      `select l.event_id as "eventId", o.name as operation, l.attempt, e.source || ' ' || e.message_id as event
         from bus.dead_letter l join bus.operation o using (operation_id) join bus.event e using (event_id)
        order by l.event_id limit ${MOST_REPLAYS}`,
    );
    if (rows.length === 0) return 0;
    const control = new PostgresExecutionControl(this.stage.pool);
    const requests = rows.map(({ eventId, operation, attempt }) => ({
      eventId,
      operation,
      expectedAttempt: attempt,
      force: false,
    }));
    const outcomes = await control.replay(requests, { actor: 'proof', reason: 'the storm is over' });
    this.actions += rows.length;
    rows.forEach(({ event, operation }, at) => {
      if (outcomes[at]?.outcome === 'replayed') this.touched.push({ kind: 'replay', event, operation });
    });
    this.history.fault(`person: replayed ${this.touched.length} of ${rows.length} dead letters`);
    return this.touched.length;
  }

  private async forAWhile(operation: string, state: OperationState): Promise<void> {
    await this.setState(operation, state);
    await this.wait(this.random.between(500, 2_500));
    await this.setState(operation, 'active');
  }

  private setState(operation: string, state: OperationState): Promise<unknown> {
    const graphs = new PostgresOperationGraphs(this.stage.pool);
    return this.ask(`${operation} ${state}`, () => graphs.setState(operation, state, 'proof'));
  }

  private async ask(what: string, work: () => Promise<unknown>): Promise<unknown> {
    const answer = await persistently(AWAY_AT_MOST_MS, this.signal, work);
    this.actions += 1;
    this.history.fault(`person: ${what}`);
    return answer;
  }

  private wait(ms: number): Promise<void> {
    return pause(ms, undefined, { signal: this.signal });
  }
}
