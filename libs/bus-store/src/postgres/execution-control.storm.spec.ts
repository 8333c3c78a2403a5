import type { RunnableGraph } from '@bus/domain';
import type { PlannedEvent } from '../event-inbox';
import { ControlHarness, idOf } from '../testing';
import { PostgresExecutionControl } from './execution-control.repository';

const OPERATIONS = ['storm.a', 'storm.b', 'storm.c'];
const ROUNDS = 6;

/** Rounds on a machine that others use too. */
jest.setTimeout(90_000);

describe(`${PostgresExecutionControl.name}: people and replicas at once`, () => {
  let harness: ControlHarness;
  let graph: RunnableGraph;

  beforeAll(async () => {
    harness = await ControlHarness.open();
    graph = await harness.store.graph('storm.event', [
      { name: 'storm.a', ordered: true },
      { name: 'storm.b', dependsOn: ['storm.a'] },
      { name: 'storm.c', dependsOn: ['storm.b'], ordered: true, onDependencyDead: 'run' },
    ]);
  });
  afterAll(() => harness.close());

  it('leaves every execution in one home or ended, no lane behind, and none that cannot go on', async () => {
    const random = seeded(20_261_125);
    for (let round = 0; round < ROUNDS; round += 1) {
      const events: PlannedEvent[] = [];
      for (let n = 0; n < 6; n += 1)
        events.push(await harness.stored(graph, { key: n % 3 === 0 ? 'x' : 'y', slot: random() < 0.5 }));
      await Promise.all(Array.from({ length: 5 }, () => disturb(events, random, 25)));
      await heal(events);
      for (const planned of events) {
        const states = Object.values(await harness.states(planned));
        expect(states.filter((state) => state === null || !['completed', 'skipped'].includes(state))).toEqual(
          [],
        );
      }
      expect((await harness.pool.query('select * from bus.lane')).rows).toEqual([]);
    }
    const { rows } = await harness.pool.query<{ result: string }>(
      'select distinct result from bus.audit_entry',
    );
    // The storm is one only if people were answered both ways.
    expect(rows.map((row) => row.result)).toEqual(
      expect.arrayContaining(['replayed, forced runs 0', 'refused: conflict', 'unblocked']),
    );
  });

  const attemptOf = async (eventId: string, operation: string): Promise<number> => {
    const { rows } = await harness.pool.query<{ attempt: number }>(
      'select attempt from bus.execution where event_id = $1 and operation = $2',
      [eventId, operation],
    );
    return rows[0]?.attempt ?? 0;
  };

  async function closeAll(how: () => 'completed' | 'dead'): Promise<number> {
    const { rows } = await harness.pool.query<{
      event_id: string;
      operation_id: number;
      attempt: number;
      key: string;
    }>(
      `select f.event_id, f.operation_id, f.attempt, e.key from bus.in_flight f join bus.event e using (event_id)`,
    );
    if (rows.length === 0) return 0;
    const ends = rows.map((row) => {
      const dead = how() === 'dead';
      return harness.store.end(graph, row.event_id, row.operation_id, {
        attempt: row.attempt,
        key: row.key,
        outcome: dead ? 'rejected' : 'completed',
        after: dead ? { kind: 'dead', cause: 'rejected' } : { kind: 'ended' },
      });
    });
    await harness.store.ledger.close(ends, harness.store.context());
    return rows.length;
  }

  async function disturb(
    events: readonly PlannedEvent[],
    random: () => number,
    moves: number,
  ): Promise<void> {
    for (let move = 0; move < moves; move += 1) {
      const planned = events[Math.floor(random() * events.length)] as PlannedEvent;
      const operation = OPERATIONS[Math.floor(random() * OPERATIONS.length)] as string;
      const chance = random();
      const attempt = await attemptOf(planned.event.eventId, operation);
      if (chance < 0.3) await harness.replay(planned, operation, attempt, random() < 0.1);
      else if (chance < 0.45) await harness.skip(planned, operation, attempt);
      else if (chance < 0.55) await unblockOne();
      else if (chance < 0.8) await harness.claim(graph, operation);
      else await closeAll(() => (random() < 0.5 ? 'dead' : 'completed'));
    }
  }

  async function unblockOne(): Promise<boolean> {
    const { rows } = await harness.pool.query<{ name: string; key: string; blocked_by: string }>(
      `select o.name, n.key, n.blocked_by from bus.lane n join bus.operation o using (operation_id)
        where n.blocked_by is not null limit 1`,
    );
    const [lane] = rows;
    if (!lane) return false;
    const asked = { operation: lane.name, key: lane.key, blockedBy: lane.blocked_by };
    await harness.control.unblock(asked, harness.author);
    return true;
  }

  /** Everything completes from now on; whatever is dead is skipped. */
  async function heal(events: readonly PlannedEvent[]): Promise<void> {
    for (let turn = 0; turn < 60; turn += 1) {
      let moved = await closeAll(() => 'completed');
      for (const operation of OPERATIONS) moved += (await harness.claim(graph, operation)).length;
      const { rows } = await harness.pool.query<{ event_id: string; operation_id: number; attempt: number }>(
        'select event_id, operation_id, attempt from bus.dead_letter',
      );
      for (const row of rows) {
        const planned = events.find(({ event }) => event.eventId === row.event_id) as PlannedEvent;
        const operation = OPERATIONS.find((name) => idOf(graph, name) === row.operation_id) as string;
        await harness.skip(planned, operation, row.attempt);
        moved += 1;
      }
      if (moved === 0) return;
    }
    throw new Error('the executions do not come to an end');
  }
});

/** The same rounds at every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
