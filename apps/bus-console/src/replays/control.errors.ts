import { BusError } from '@bus/contracts';
import type { NotControlled, RouteOutcome, UnblockOutcome } from '@bus/store';

const REFUSALS: Record<Extract<NotControlled, { outcome: 'refused' }>['why'], string> = {
  cancelled: 'the event was cancelled; nothing of it ever runs',
  needs_force: 'it completed; only force repeats its effect, under a new executionId',
  too_old:
    'its service may have forgotten the effect after 90 days; only force runs it, under a new executionId',
  ended: 'it has ended; there is nothing left to skip',
};

/** An execution that a person may not replay or skip now. */
export class NotControlledError extends BusError {
  constructor(outcome: NotControlled) {
    super(toDetails(outcome));
  }
}

function toDetails(outcome: NotControlled): ConstructorParameters<typeof BusError>[0] {
  switch (outcome.outcome) {
    case 'not_found':
      return { code: 'not_found', message: 'there is no such event, or its graph has no such operation' };
    case 'unrouted':
      return {
        code: 'conflict',
        message: 'the event has no graph; route it: POST /api/v1/events/{eventId}/route',
      };
    case 'refused':
      return { code: 'unprocessable', message: REFUSALS[outcome.why] };
    case 'conflict': {
      const now = `${outcome.state ?? 'without a state'}, attempt ${outcome.attempt}`;
      return { code: 'conflict', message: `the execution is not as you saw it: it is ${now}; look again` };
    }
  }
}

const LANE_REFUSALS = {
  conflict: 'the lane is not blocked by this event any more; look again',
  not_found: 'there is no operation of this name',
};

/** A lane that cannot be let go on. */
export class LaneRefusedError extends BusError {
  constructor({ outcome }: Exclude<UnblockOutcome, { outcome: 'unblocked' }>) {
    super({ code: outcome, message: LANE_REFUSALS[outcome] });
  }
}

const ROUTE_REFUSALS = {
  conflict: ['conflict', 'the event is routed already'],
  no_graph: ['unprocessable', 'the type of the event has no active operations; activate some first'],
  cancelled: ['unprocessable', 'the event was cancelled; nothing of it ever runs'],
  not_found: ['not_found', 'no event of this id is stored'],
} as const;

/** An event that cannot be routed. */
export class RouteRefusedError extends BusError {
  constructor({ outcome }: Exclude<RouteOutcome, { outcome: 'routed' }>) {
    const [code, message] = ROUTE_REFUSALS[outcome];
    super({ code, message });
  }
}
