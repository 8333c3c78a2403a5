import type { StoreFinding } from '../store-check';

export interface ServerFacts {
  /** `140005` is 14.5. */
  version: number;
  versionText: string;
  fsync: string;
  fullPageWrites: string;
  synchronousCommit: string;
  autovacuum: string;
  /** That users without special rights may open. */
  connections: number;
  statementTimeoutMs: number;
  lockTimeoutMs: number;
  idleInTransactionMs: number;
  synchronousStandbyNames: string;
  standbys: number;
}

export interface TableFacts {
  /** Days from today on whose partitions exist without a gap; 31: at least so many. */
  daysMade: number;
  /** At most 1,000. */
  defaultEvents: number;
  defaultAttempts: number;
}

const OLDEST_VERSION = 140_000;
/** bus-producer, bus-consumer and bus-console, of each the usual three replicas. */
const PROCESSES = 3;
const REPLICAS = 3;
/** A process opens so many beside its pool: publisher, log reader, its wake line, the log's ends. */
const BESIDE_POOL = 4;
const CLOCK_LIMIT_MS = 500;
/** bus-consumer makes days ahead; below this it has not for long. */
const DAYS_NEEDED = 2;
const COMMITS_DURABLY = new Set(['on', 'remote_write', 'remote_apply']);

/** Pure: what the server's settings mean for the guarantees. */
export function settingFindings(facts: ServerFacts, poolSize: number): StoreFinding[] {
  const needed = PROCESSES * (poolSize + BESIDE_POOL);
  return [
    judged(
      'PostgreSQL version',
      facts.versionText,
      facts.version >= OLDEST_VERSION,
      'use PostgreSQL 14 or newer',
    ),
    judged(
      'fsync',
      facts.fsync,
      facts.fsync === 'on',
      'set fsync=on: a crash of the machine loses committed events',
    ),
    judged(
      'full_page_writes',
      facts.fullPageWrites,
      facts.fullPageWrites === 'on',
      'set full_page_writes=on: a crash of the machine can tear pages',
    ),
    judged(
      'synchronous_commit',
      facts.synchronousCommit,
      COMMITS_DURABLY.has(facts.synchronousCommit),
      'set synchronous_commit=on, for the role and database too: cancels and results may be lost',
    ),
    judged(
      'autovacuum',
      facts.autovacuum,
      facts.autovacuum === 'on',
      'set autovacuum=on: hot tables only grow',
    ),
    connectionFinding(facts.connections, needed),
    ...limitFindings(facts),
    standbyFinding(facts),
  ];
}

/** Pure. */
export function clockFinding({ offsetMs, errorMs }: { offsetMs: number; errorMs: number }): StoreFinding {
  const found = `${Math.round(offsetMs)} ms ahead of this machine (± ${Math.ceil(errorMs)} ms)`;
  return judged(
    'database clock',
    found,
    Math.abs(offsetMs) - errorMs < CLOCK_LIMIT_MS,
    'run NTP or chrony on both machines: delays are asked by one clock and kept by the other',
  );
}

/** Pure. @param facts `null`: the tables are not up to date, so they were not looked at */
export function tableFindings(
  { pending, unknown }: { pending: readonly string[]; unknown: readonly string[] },
  facts: TableFacts | null,
): StoreFinding[] {
  const migrations = judged(
    'migrations',
    pending.length === 0 ? 'up to date' : `not run: ${pending.join(', ')}`,
    pending.length === 0,
    'run bus-migrate',
  );
  const newer: StoreFinding[] =
    unknown.length === 0
      ? []
      : [
          {
            subject: 'schema version',
            found: `newer than this build: ${unknown.join(', ')}`,
            level: 'advice',
            fix: 'finish the rollout; an old binary runs on a newer schema meanwhile',
          },
        ];
  if (facts === null) return [migrations, ...newer];
  const { daysMade, defaultEvents, defaultAttempts } = facts;
  return [
    migrations,
    ...newer,
    judged(
      'day partitions',
      daysMade === 0 ? "today's is missing" : `today and ${daysMade - 1} days ahead`,
      daysMade >= DAYS_NEEDED,
      'run bus-migrate, and look why bus-consumer does not make them',
    ),
    {
      subject: 'default partitions',
      found: `${atMost(defaultEvents)} events, ${atMost(defaultAttempts)} attempts`,
      level: defaultEvents + defaultAttempts === 0 ? 'good' : 'advice',
      fix:
        defaultEvents + defaultAttempts === 0
          ? null
          : 'see whether partitions of their days are missing: what stays there is not dropped with its day',
    },
  ];
}

function connectionFinding(connections: number, needed: number): StoreFinding {
  const subject = 'max_connections';
  const found = `${connections} for the bus, ${needed} for one replica of each app`;
  if (connections >= REPLICAS * needed) return { subject, found, level: 'good', fix: null };
  const fix = `raise it to at least ${REPLICAS * needed}, lower DATABASE_POOL, or put a pooler in session mode before it`;
  return { subject, found, level: connections < needed ? 'fault' : 'advice', fix };
}

/** As our own session has them: a pooler, or settings of the role, may take away what the pool asks for. */
function limitFindings(facts: ServerFacts): StoreFinding[] {
  const limits: [subject: string, ms: number, most: number][] = [
    ['statement_timeout', facts.statementTimeoutMs, 15_000],
    ['lock_timeout', facts.lockTimeoutMs, 3_000],
    ['idle_in_transaction_session_timeout', facts.idleInTransactionMs, 10_000],
  ];
  return limits.map(([subject, ms, most]) =>
    judged(
      subject,
      ms === 0 ? 'none' : `${ms} ms`,
      ms > 0 && ms <= most,
      `it should be ${most} ms in the bus's sessions; the pooler drops what a connection asks for at its start`,
    ),
  );
}

function standbyFinding({ synchronousStandbyNames, standbys }: ServerFacts): StoreFinding {
  const subject = 'standbys';
  if (synchronousStandbyNames !== '')
    return {
      subject,
      found: `${standbys}, synchronous: ${synchronousStandbyNames}`,
      level: 'good',
      fix: null,
    };
  return {
    subject,
    found: `${standbys}, none of them synchronous`,
    level: 'advice',
    fix: 'set synchronous_standby_names: a failover may else lose the last cancels and results (events come back from Kafka)',
  };
}

function judged(subject: string, found: string, isGood: boolean, fix: string): StoreFinding {
  return { subject, found, level: isGood ? 'good' : 'fault', fix: isGood ? null : fix };
}

function atMost(count: number): string {
  return count >= 1_000 ? '1,000 or more' : String(count);
}
