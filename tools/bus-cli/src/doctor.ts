import { lookAtLog } from '@bus/broker';
import { createStorePool, PostgresStoreCheck } from '@bus/store';
import colours from 'picocolors';
import type { BusCliConfig } from './bus-cli.config';
import { plainText } from './plain-text';

/** One line of the self-check. @see StoreFinding, LogFinding */
export interface Finding {
  subject: string;
  found: string;
  level: 'good' | 'advice' | 'fault';
  fix: string | null;
}

export interface DoctorReport {
  store: Finding[];
  log: Finding[];
}

/** Looks at Postgres and the log as the guarantees need them, and changes nothing. Never rejects. */
export async function examine(config: BusCliConfig): Promise<DoctorReport> {
  const [store, log] = await Promise.all([examineStore(config), examineLog(config)]);
  return { store, log };
}

export function isWell({ store, log }: DoctorReport): boolean {
  return [...store, ...log].every(({ level }) => level !== 'fault');
}

/** For people: ✓ good, ! advice, ✗ fault, each with its fix. */
export function renderDoctor({ store, log }: DoctorReport): string {
  return [
    colours.bold('PostgreSQL'),
    ...store.map(line),
    colours.bold('Log'),
    ...log.map(line),
    isWell({ store, log })
      ? colours.green('✓ nothing stands against a start')
      : colours.red('✗ mend what is marked before the bus starts'),
  ].join('\n');
}

async function examineStore({ databaseUrl, databasePool }: BusCliConfig): Promise<Finding[]> {
  const pool = createStorePool({ connectionString: databaseUrl, poolSize: 1, applicationName: 'bus-cli' });
  try {
    return await new PostgresStoreCheck(pool).findings({ poolSize: databasePool });
  } catch (error) {
    return [away('PostgreSQL', error, 'start it, or set DATABASE_URL')];
  } finally {
    await pool.end();
  }
}

async function examineLog({ broker }: BusCliConfig): Promise<Finding[]> {
  try {
    return await lookAtLog(broker);
  } catch (error) {
    const fix =
      broker.broker === 'kafka' ? 'start it, or set KAFKA_BROKERS' : 'start it, or set DATABASE_URL';
    return [away('log', error, fix)];
  }
}

function away(subject: string, error: unknown, fix: string): Finding {
  const { message, code } = error as { message?: string; code?: unknown };
  return { subject, found: message || String(code ?? error), level: 'fault', fix };
}

function line({ subject, found, level, fix }: Finding): string {
  const text = `${subject}: ${plainText(found)}`;
  if (level === 'good') return `${colours.green('✓')} ${text}`;
  const mark = level === 'advice' ? colours.yellow('!') : colours.red('✗');
  return `${mark} ${text}\n    ${fix ?? ''}`;
}
