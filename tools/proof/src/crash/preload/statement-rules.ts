import { ATTEMPT_OUTCOMES } from '@bus/contracts';

/** Parts of the bus that commit. Each has a point before and one after its commit. */
export const PARTS = ['ingest', 'claim', 'close', 'sweep', 'cancel', 'replay', 'activate', 'kit'] as const;
export type Part = (typeof PARTS)[number];

export interface Statement {
  /** Prepared name; empty: none. */
  name: string;
  text: string;
  values: readonly unknown[];
}

export interface Answer {
  rows: readonly Record<string, unknown>[];
  rowCount: number | null;
}

interface Rule {
  part: Part;
  /** Found before it is sent. */
  isIt(statement: Statement): boolean;
  /** Whether it changed something, seen in its answer. */
  didWork(statement: Statement, answer: Answer): boolean;
}

const named =
  (...names: string[]) =>
  ({ name }: Statement) =>
    names.includes(name);
const changedOne = (_: Statement, { rowCount }: Answer) => rowCount === 1;
const answeredRows = (_: Statement, { rows }: Answer) => rows.length > 0;

const UNKNOWN = ATTEMPT_OUTCOMES.indexOf('unknown');
/** Places of a close's values. */
const OUTCOMES = 3;
const DURATIONS = 7;

/** An end that nobody saw is written by a sweep: `unknown`, and no call of this process behind it. */
function isSwept({ values }: Statement, index: number): boolean {
  return (
    elementOf(values[OUTCOMES], index) === String(UNKNOWN) && elementOf(values[DURATIONS], index) === 'NULL'
  );
}

/** Of an array as PostgreSQL's text literal, of numbers alone; an empty one stands for NULLs alone. */
function elementOf(literal: unknown, index: number): string | undefined {
  const text = String(literal);
  return text === '{}' ? 'NULL' : text.slice(1, -1).split(',')[index];
}

const closed =
  (swept: boolean) =>
  (statement: Statement, { rows }: Answer) =>
    closedPlaces(rows[0]?.['ended']).some((place) => isSwept(statement, place - 1) === swept);

/** Of a close's answer, `1,2:0`: places from 1, a cause of death behind a colon. */
function closedPlaces(ended: unknown): number[] {
  return typeof ended === 'string' ? ended.split(',').map((text) => parseInt(text, 10)) : [];
}

/** By the names of the store's statements, and by the kit's table. */
const RULES: readonly Rule[] = [
  {
    part: 'ingest',
    isIt: ({ name }) => name.startsWith('inbox.ingest'),
    didWork: (_, { rows }) => rows.some(({ fresh }) => (fresh as number) > 0),
  },
  { part: 'ingest', isIt: named('inbox.step.store_events'), didWork: answeredRows },
  {
    part: 'claim',
    isIt: named('bus-claim'),
    didWork: (_, { rows }) => rows.some(({ event_id: eventId }) => eventId !== null),
  },
  { part: 'claim', isIt: named('bus-place'), didWork: ({ values }) => (values[3] as unknown[]).length > 0 },
  {
    part: 'close',
    isIt: named('bus-close.completed'),
    didWork: (_, { rows }) => rows.some(({ ended }) => ended !== ''),
  },
  { part: 'close', isIt: named('bus-close', 'bus-close.failed'), didWork: closed(false) },
  { part: 'sweep', isIt: named('bus-close', 'bus-close.failed'), didWork: closed(true) },
  { part: 'cancel', isIt: named('control.set_cancelled'), didWork: changedOne },
  {
    part: 'cancel',
    isIt: named('control.placeholder'),
    didWork: ({ values }, { rowCount }) => rowCount === 1 && values[1] === true,
  },
  { part: 'replay', isIt: named('replay.replay'), didWork: answeredRows },
  { part: 'activate', isIt: named('graphs.insert_version'), didWork: changedOne },
  {
    part: 'kit',
    isIt: ({ text }) => /^\s*insert into (\S+\.)?"processed_execution"/i.test(text),
    didWork: answeredRows,
  },
];

/** Whether a statement may be the work of the part. */
export function belongsTo(part: Part, statement: Statement): boolean {
  return RULES.some((rule) => rule.part === part && rule.isIt(statement));
}

/** Whether a statement that was answered is work of the part. */
export function isWorkOf(part: Part, statement: Statement, answer: Answer): boolean {
  return RULES.some((rule) => rule.part === part && rule.isIt(statement) && rule.didWork(statement, answer));
}
