import { numberText } from '../report/render-markdown';
import { MOST_DEVIATION, type Check } from './check';
import type { Costs } from './costs';
import type { LastingLimit, Limit } from './limits';
import type { Prediction } from './predict';
import type { Setup } from './setup';
import type { Simulation } from './simulation';
import type { Sized } from './size-setup';

/** A table and what to know of it, for the terminal and for a page. */
export interface Table {
  title: string;
  head: string[];
  rows: string[][];
  notes: string[];
}

export function tablesOf({ source, costs, setup, asItStands, needed, check }: Simulation): Table[] {
  return [
    costTable(costs, source),
    asItStandsTable(asItStands, setup),
    neededTable(needed),
    ...(check ? [checkTable(check)] : []),
  ];
}

function costTable(costs: Costs, source: string): Table {
  return {
    title: 'Costs of an event with four operations',
    head: ['producer', 'bus-consumer', 'services', 'PostgreSQL', 'broker', 'WAL', 'stored'],
    rows: [
      [
        ...[
          costs.producerPer10k,
          costs.consumerPer10k,
          costs.servicePer10k,
          costs.postgresPer10k,
          costs.brokerPer10k,
        ].map((seconds) => `${numberText(seconds)} s`),
        ...[costs.walBytesPerEvent, costs.storedBytesPerEvent].map(
          (bytes) => `${numberText(bytes / 1000)} KB`,
        ),
      ],
    ],
    notes: [`CPU seconds per 10,000 events, and bytes an event: ${source}.`],
  };
}

function neededTable(needed: readonly Sized[]): Table {
  const { shard, hotDays, identityDays } = (needed[0] as Sized).setup;
  const inMemory = (of: Sized) => lastsDays(of, 'identities in memory', identityDays);
  return byRate(
    'What a rate needs, day and night',
    needed.map(({ prediction }) => prediction.load.eventsPerSecond),
    [
      ['replicas of bus-consumer', ...needed.map(({ setup }) => whole(setup.replicas))],
      ['partitions', ...needed.map(({ setup }) => whole(setup.partitions))],
      ['cores of PostgreSQL', ...needed.map(({ prediction: { cost } }) => numberText(cost.postgresCores))],
      ['cores of all processes', ...needed.map(({ prediction: { cost } }) => numberText(cost.cores))],
      ['WAL, MB/s', ...needed.map(({ prediction: { cost } }) => whole(cost.walMbPerSecond))],
      ['the same, old store', ...needed.map(({ prediction: { cost } }) => whole(cost.oldWalMbPerSecond))],
      ['shards', ...needed.map(({ setup }) => whole(setup.shards))],
      ['the same, old store', ...needed.map(({ oldShards }) => whole(oldShards))],
      [
        'connections of a shard',
        ...needed.map(({ prediction: { cost } }) => whole(cost.connections.perShard)),
      ],
      ['connections of all', ...needed.map(({ prediction: { cost } }) => whole(cost.connections.all))],
      [
        'stored, TB a day',
        ...needed.map(({ prediction: { cost } }) => numberText(cost.storedGbPerDay / 1000)),
      ],
      [
        `days of ${hotDays} on ${shard.diskTb} TB a shard`,
        ...needed.map((one) => lastsDays(one, 'disk', hotDays)),
      ],
      [`days of ${identityDays} of identities in ${shard.memoryGb / 2} GB a shard`, ...needed.map(inMemory)],
      ['next limit', ...needed.map(({ prediction: { limits } }) => toldLimit(limits[0]))],
    ],
    [
      'Replicas are at 60 % of a core; partitions at least three times as many; shards divide the partitions. In an old ' +
        'store identities are as old as they get; days are told for its shards. In brackets: events/s.',
    ],
  );
}

function asItStandsTable(predictions: readonly Prediction[], setup: Setup): Table {
  const rateOf = ({ load }: Prediction) => load.eventsPerSecond;
  const backlog = predictions[0]?.load.backlogEvents ?? 0;
  const broken = ({ load }: Prediction, limits: readonly (Limit | LastingLimit)[]) =>
    limits.filter(({ eventsPerSecond }) => eventsPerSecond < load.eventsPerSecond).map(toldLimit);
  return byRate(
    `What ${[told(setup.replicas, 'replica'), told(setup.shards, 'shard'), told(setup.partitions, 'partition')].join(', ')} make of it`,
    predictions.map(rateOf),
    [
      ['carried', ...predictions.map((one) => whole(Math.min(rateOf(one), one.throughput)))],
      [
        'falls behind by',
        ...predictions.map(({ lagGrowth }) => (lagGrowth === 0 ? '–' : `${whole(lagGrowth)}/s`)),
      ],
      ['busy', ...predictions.map(busyText)],
      [
        'latency, estimated',
        ...predictions.map(({ latencyMs }) => (latencyMs === null ? 'grows' : `${numberText(latencyMs)} ms`)),
      ],
      [
        `${whole(backlog)} that waited are gone in`,
        ...predictions.map(({ backlogSeconds: seconds }) => (seconds === null ? '–' : durationText(seconds))),
      ],
      [
        'breaks at once',
        ...predictions.map(
          (one) => broken(one, one.limits).join(', then ') || `nothing; first: ${toldLimit(one.limits[0])}`,
        ),
      ],
      ['breaks in time', ...predictions.map((one) => broken(one, one.lasting).join(', ') || 'nothing')],
    ],
    [
      'In brackets: events/s at which it is used up. Identities that memory does not hold cost a read and a write of ' +
        'a page for each event. The latency is an estimate: the time at rest and the mean wait before the busiest ' +
        'resource (M/M/c), with services that answer at once.',
    ],
  );
}

/** A column for each rate. */
function byRate(title: string, rates: readonly number[], rows: string[][], notes: string[]): Table {
  return { title, head: ['', ...rates.map((rate) => `${whole(rate)} events/s`)], rows, notes };
}

function checkTable({ rows, reach, cores, worst, isMet }: Check): Table {
  return {
    title: `The same reckoning beside what was measured, all on ${cores} cores`,
    head: [
      'replicas',
      'predicted events/s',
      'measured',
      'deviation',
      'CPU s per 10k: predicted, measured',
      'busy cores',
    ],
    rows: rows.map((row) => [
      whole(row.replicas),
      whole(row.predicted),
      whole(row.measured),
      row.isSource ? '(source)' : `${row.deviation < 0 ? '−' : '+'}${percentText(Math.abs(row.deviation))}`,
      `${numberText(row.predictedCpuPer10k)}, ${numberText(row.measuredCpuPer10k)}`,
      numberText(row.measuredCores),
    ]),
    notes: [
      `One replica reaches ${percentText(reach)} of what its costs allow; the others are taken to reach as much. ` +
        `Worst: ${percentText(worst)}, wanted ≤ ${percentText(MOST_DEVIATION)}: ${isMet ? 'met' : 'MISSED: what is told above may be off by as much'}.`,
    ],
  };
}

function busyText({ utilisation }: Prediction): string {
  return Object.entries(utilisation)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([resource, share]) => `${resource} ${percentText(share)}`)
    .join(', ');
}

/** How long a shard holds what it is given, at most `wanted`, with the shards of an old store. */
function lastsDays(
  { setup, oldShards, prediction: { load, lasting } }: Sized,
  resource: LastingLimit['resource'],
  wanted: number,
): string {
  const limit = lasting.find((one) => one.resource === resource)?.eventsPerSecond ?? NaN;
  const days = (wanted * limit * oldShards) / setup.shards / load.eventsPerSecond;
  return numberText(Math.min(wanted, days));
}

function toldLimit(limit: Limit | LastingLimit | undefined): string {
  return limit
    ? `${limit.resource} (${Number(limit.eventsPerSecond.toPrecision(3)).toLocaleString('en-GB')})`
    : '';
}

function durationText(seconds: number): string {
  if (seconds < 120) return `${Math.ceil(seconds)} s`;
  return seconds < 7_200 ? `${Math.ceil(seconds / 60)} min` : `${numberText(seconds / 3_600)} h`;
}

function told(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}

function percentText(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
