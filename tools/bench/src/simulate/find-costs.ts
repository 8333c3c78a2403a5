import { median } from '../measure/statistics';
import type { BenchReport } from '../report/bench-report';
import type { Row } from '../scenario';
import { nameOf } from '../scenarios/kafka';
import { ASSUMED_COSTS, type Costs } from './costs';

/** A drain that was measured: so many replicas, all processes on one machine. */
export interface MeasuredDrain {
  replicas: number;
  eventsPerSecond: number;
  /** CPU seconds of all processes per 10,000 events. */
  cpuPer10k: number;
}

export interface FoundCosts {
  /** Publishing included. */
  costs: Costs;
  /** Of draining alone, with one replica. */
  drainCosts: Costs;
  /** By replicas; the first is one replica's. */
  drains: MeasuredDrain[];
  /** Of the machine that was measured. */
  cores: number;
  /** What the report does not tell, and was assumed. */
  assumed: string[];
}

/** Nothing to reckon with; the message says what to run. */
export class NoCosts extends Error {}

const MOST_REPLICAS = 8;
const MEASURE = 'run `npm run bench` (or `npm run bench -- raw steady kafka`) on this machine first';

/** Costs by a report's medians: those of the `kafka` scenario with one replica, the rest where it was measured.
 *  @throws NoCosts that says what is missing and what to run */
export function findCosts(report: BenchReport): FoundCosts {
  const kafkaRows = rowsOf(report, 'kafka');
  if (kafkaRows.length === 0) {
    const failed = report.failures.find(({ scenario }) => scenario === 'kafka');
    const why = failed ? `did not come to its end (${failed.error.split('\n')[0]})` : 'is not in the report';
    throw new NoCosts(`The kafka scenario ${why}: ${MEASURE}.`);
  }
  const one = kafkaRows.find(({ variant }) => variant === nameOf(1));
  if (!one) throw new NoCosts(`The kafka scenario has no row for one replica: ${MEASURE}.`);
  const publish = kafkaRows.find(({ figures }) => figures['producer per 10k']);
  if (!publish) throw new NoCosts(`The kafka scenario does not tell what publishing costs: ${MEASURE}.`);
  const assumed: string[] = [];
  const orAssumed = (name: keyof Costs, words: string, found: number | null): number => {
    if (found !== null) return found;
    assumed.push(words);
    return ASSUMED_COSTS[name];
  };
  const statement = secondsPerStatement(rowsOf(report, 'raw'));
  const atRest = figureOf(rowsOf(report, 'steady').find(isAtRest), 'p50');
  const drainCosts: Costs = {
    producerPer10k: 0,
    consumerPer10k: needed(one, 'consumers per 10k'),
    servicePer10k: needed(one, 'service per 10k'),
    postgresPer10k: needed(one, 'PostgreSQL per 10k'),
    brokerPer10k: needed(one, 'Kafka per 10k'),
    walBytesPerEvent: needed(one, 'WAL per event'),
    storedBytesPerEvent: orAssumed(
      'storedBytesPerEvent',
      'bytes stored an event',
      figureOf(one, 'stored per event'),
    ),
    secondsPerStatement: orAssumed('secondsPerStatement', 'the fixed part of a statement', statement),
    statementsPer10k: ASSUMED_COSTS.statementsPer10k,
    atRestMs: orAssumed('atRestMs', 'the latency at rest', atRest),
  };
  const publishing = orAssumedBroker(publish, assumed);
  return {
    costs: {
      ...drainCosts,
      producerPer10k: needed(publish, 'producer per 10k'),
      brokerPer10k: drainCosts.brokerPer10k + publishing,
    },
    drainCosts,
    drains: drainsOf(kafkaRows),
    cores: coresOf(report.machine),
    assumed,
  };
}

function drainsOf(rows: readonly Row[]): MeasuredDrain[] {
  const drains: MeasuredDrain[] = [];
  for (let replicas = 1; replicas <= MOST_REPLICAS; replicas += 1) {
    const row = rows.find(({ variant }) => variant === nameOf(replicas));
    if (!row) continue;
    const parts = ['consumers per 10k', 'service per 10k', 'PostgreSQL per 10k', 'Kafka per 10k'];
    drains.push({
      replicas,
      eventsPerSecond: needed(row, 'events/s'),
      cpuPer10k: parts.reduce((sum, part) => sum + needed(row, part), 0),
    });
  }
  return drains;
}

/** What Kafka takes while events are published: beside what it takes to be read. */
function orAssumedBroker(publish: Row, assumed: string[]): number {
  const found = figureOf(publish, 'Kafka per 10k');
  if (found === null) assumed.push('Kafka’s CPU while events are published (counted as none)');
  return found ?? 0;
}

/** A statement of one row, less the row: a row's own time is the rise to 500 rows. Time on the wall, so at most this is CPU. */
function secondsPerStatement(rows: readonly Row[]): number | null {
  const msOf = (start: string) => {
    const row = rows.find(({ variant }) => variant.startsWith(start) && variant.endsWith(', 1 connection'));
    return figureOf(row, 'p50 of a statement');
  };
  const [ofOne, of500] = [msOf('insert, 1 row '), msOf('insert, 500 rows ')];
  if (ofOne === null || of500 === null) return null;
  return Math.max(0, ofOne - (of500 - ofOne) / 499) / 1000;
}

function isAtRest({ variant }: Row): boolean {
  return variant.endsWith(' over Nest TCP, 200/s');
}

function rowsOf({ scenarios }: BenchReport, name: string): Row[] {
  return scenarios.find((scenario) => scenario.name === name)?.rows ?? [];
}

/** Median; null where it was not measured. */
function figureOf(row: Row | undefined, name: string): number | null {
  const value = median(row?.figures[name]?.rounds ?? []);
  return Number.isFinite(value) ? value : null;
}

function needed(row: Row, name: string): number {
  const found = figureOf(row, name);
  if (found === null || found < 0)
    throw new NoCosts(`The kafka scenario has no "${name}" for "${row.variant}": ${MEASURE}.`);
  return found;
}

/** @param machine `2 × AMD EPYC, 16 GiB` */
function coresOf(machine: string): number {
  const cores = Number(/^(\d+) × /.exec(machine)?.[1]);
  if (!(cores > 0))
    throw new NoCosts(`The report does not tell the machine's cores ("${machine}"): ${MEASURE}.`);
  return cores;
}
