import type { SeededRandom } from '../random';

/** How services and the network to them behave while there are faults. Shares of calls. */
export interface CallFaults {
  lost: number;
  replyLost: number;
  replyTwice: number;
  otherReply: number;
  garbage: number;
  retry: number;
  rejected: number;
  slow: number;
  killedAfterSuccess: number;
  unreachable: number;
}

export const NO_CALL_FAULTS: CallFaults = {
  lost: 0,
  replyLost: 0,
  replyTwice: 0,
  otherReply: 0,
  garbage: 0,
  retry: 0,
  rejected: 0,
  slow: 0,
  killedAfterSuccess: 0,
  unreachable: 0,
};

export function planCalls(random: SeededRandom, intensity: number): CallFaults {
  const share = (most: number) => (random.chance(0.7) ? most * intensity * random.next() : 0);
  return {
    lost: share(0.08),
    replyLost: share(0.08),
    replyTwice: share(0.1),
    otherReply: share(0.06),
    garbage: share(0.06),
    retry: share(0.2),
    rejected: share(0.05),
    slow: share(0.1),
    killedAfterSuccess: share(0.06),
    unreachable: share(0.08),
  };
}
