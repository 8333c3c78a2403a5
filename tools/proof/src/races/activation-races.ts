import { OPERATION_DEFAULTS } from '@bus/contracts';
import type { ActivationOutcome } from '@bus/store';
import { v7 } from 'uuid';
import { oneOf } from './outcomes';
import type { Race, RaceRound } from './race';

const ACTIVATE: Race = {
  name: 'activate×activate',
  promise: 'of two activations planned on the same version one is applied, and the other is told so',
  operations: [{ name: 'race.plain' }],
  sees: ['one activated', 'two activated'],
  async prepare(ground, random) {
    const eventType = `race.type-${v7()}`;
    const change = (author: string, expectedVersion: number | null) => ({
      eventType,
      expectedVersion,
      operations: [
        { ...OPERATION_DEFAULTS, name: `${eventType}.${author}`, eventType, endpoint: 'tcp://127.0.0.1:1' },
      ],
      actor: author,
      reason: null,
    });
    const first = random.chance(0.5);
    const base = first ? null : 1;
    if (!first) await ground.racers[0].graphs.activate(change('before', null));
    const activate =
      (author: string): RaceRound['works'][0] =>
      (racer) =>
        racer.graphs.activate(change(author, base));
    return {
      events: [],
      works: [activate('one'), activate('two')],
      judge: async (outcomes) => {
        const results = (outcomes as ActivationOutcome[]).map((result) => result.outcome);
        const won = results.indexOf('activated');
        const { rows } = await ground.pool.query<{ version: number; by: string }>(
          `select version, activated_by as by from bus.operation_graph where event_type = $1 and state = 'active'`,
          [eventType],
        );
        const wrong: string[] = [];
        if (results[1 - won] !== 'stale') wrong.push(`the answers are ${results.join(' and ')}`);
        if (rows.length !== 1) wrong.push(`${rows.length} versions are active`);
        if (rows[0]?.by !== ['one', 'two'][won] || rows[0]?.version !== (base ?? 0) + 1)
          wrong.push(`version ${rows[0]?.version} by ${rows[0]?.by} is active`);
        return { saw: oneOf(won, 'activated'), wrong };
      },
    };
  },
};

export const ACTIVATION_RACES: readonly Race[] = [ACTIVATE];
