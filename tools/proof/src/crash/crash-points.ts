/** A process of this kind reaches the point. */
export type CrashRole = 'producer' | 'consumer' | 'service' | 'console';

export interface CrashPoint {
  name: string;
  role: CrashRole;
  /** Only there with this broker; default both. */
  broker?: 'kafka';
}

const at = <Name extends string>(name: Name, role: CrashRole, broker?: 'kafka') => ({ name, role, broker });

/** Where a process is ended or stopped. The outbox's points come with the outbox. */
export const CRASH_POINTS = [
  at('publish.before-send', 'producer'),
  at('publish.after-send', 'producer'),
  at('publish.before-answer', 'producer'),
  at('ingest.before-commit', 'consumer'),
  at('ingest.after-commit', 'consumer'),
  at('ingest.after-broker-commit', 'consumer', 'kafka'),
  at('claim.before-commit', 'consumer'),
  at('claim.after-commit', 'consumer'),
  at('rpc.before-send', 'consumer'),
  at('rpc.after-send', 'consumer'),
  at('rpc.after-reply', 'consumer'),
  at('close.before-commit', 'consumer'),
  at('close.after-commit', 'consumer'),
  at('sweep.before-commit', 'consumer'),
  at('sweep.after-commit', 'consumer'),
  at('cancel.before-commit', 'producer'),
  at('cancel.after-commit', 'producer'),
  at('replay.before-commit', 'console'),
  at('activate.before-commit', 'console'),
  at('mirror.after-send', 'consumer', 'kafka'),
  at('kit.before-commit', 'service'),
  at('kit.after-commit', 'service'),
  at('stop.mid-drain', 'consumer'),
] as const satisfies readonly CrashPoint[];

export type CrashPointName = (typeof CRASH_POINTS)[number]['name'];

export const CRASH_SIGNALS = ['SIGKILL', 'SIGSTOP'] as const;
export type CrashSignal = (typeof CRASH_SIGNALS)[number];

/** The n-th time that the point is reached with real work in it. */
export const CRASH_HITS = [1, 2, 3, 4, 5] as const;
