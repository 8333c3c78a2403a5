import { eventIdOf } from './planned-message';
import type { ComparedSnapshot } from './compared-snapshot';
import type { StoreCommand } from './store-command';
import type { StoreSide } from './store-side';

export type PersonCommand = Extract<StoreCommand, { kind: 'replay' | 'skip' | 'unblock' | 'route' }>;

const MINUTE_MS = 60_000;
const AUTHOR = { actor: 'spec', reason: 'conformance' };

/** What people do with executions. @param seen what both stores held before */
export async function performByPerson(
  side: StoreSide,
  command: PersonCommand,
  seen: ComparedSnapshot,
): Promise<unknown> {
  const { executions } = side;
  switch (command.kind) {
    case 'route': {
      const eventId = (await eventIdNow(side, `m${command.message}`)) ?? eventIdOf(command.message, false);
      const outcome = await executions.route(eventId, AUTHOR);
      return outcome.outcome === 'routed' ? { ...outcome, graphId: 0 } : outcome;
    }
    case 'unblock': {
      const lanes = seen.lanes.filter(({ blocked }) => blocked !== null);
      const lane = lanes[command.place % Math.max(1, lanes.length)];
      const blockedBy = (await eventIdNow(side, lane?.blocked ?? 'm1')) ?? eventIdOf(1, false);
      return executions.unblock(
        { operation: lane?.op ?? 'b.lane', key: lane?.key ?? 'k', blockedBy },
        AUTHOR,
      );
    }
    case 'skip': {
      const open = seen.executions.filter(({ homes }) => homes !== '' && homes !== 'in_flight');
      const row = open[command.place % Math.max(1, open.length)] ?? seen.executions[0];
      if (!row) return 'nothing stored';
      return executions.skip(await asked(side, row, command.attemptOff), AUTHOR);
    }
    case 'replay': {
      const ended = seen.executions.filter(({ homes }) => homes === '' || homes === 'dead_letter');
      const from = ended.length > 0 ? ended : seen.executions;
      const picks = new Map(command.picks.map((pick) => [from[pick.place % Math.max(1, from.length)], pick]));
      const requests = [];
      for (const [row, { force, attemptOff }] of picks)
        if (row) requests.push({ ...(await asked(side, row, attemptOff)), force });
      const outcomes = await executions.replay(requests, AUTHOR);
      const now = Date.parse(side.at(0));
      return outcomes.map((one) =>
        one.outcome === 'replayed'
          ? {
              ...one,
              dueAt: Math.round((one.dueAt.getTime() - now) / MINUTE_MS) + 0,
              pending: one.pending.sort(),
            }
          : one,
      );
    }
  }
}

async function asked(side: StoreSide, row: ComparedSnapshot['executions'][number], attemptOff: boolean) {
  const eventId = (await eventIdNow(side, row.m)) ?? '';
  return { eventId, operation: row.op, expectedAttempt: row.attempt + (attemptOff ? 1 : 0) };
}

async function eventIdNow(side: StoreSide, messageId: string): Promise<string | null> {
  const status = await side.control.getEvent({ source: 'spec', messageId });
  return status?.event.eventId ?? null;
}
