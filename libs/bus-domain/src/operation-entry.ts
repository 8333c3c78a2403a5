import {
  BUILT_IN_PREFIX,
  CANCEL_DELAYED,
  EVENT_TYPE_PATTERN,
  LIMITS,
  OPERATION_DEFAULTS,
  OPERATION_NAME_PATTERN,
  SOURCE_PATTERN,
  type Fault,
  type OperationSettings,
  type RetrySettings,
} from '@bus/contracts';
import { jsonPointer } from './json-pointer';

/** One operation as a file or the admin API gives it: `eventType` alone is required, the rest has defaults. */
export type OperationEntry = Partial<Omit<OperationSettings, 'name' | 'eventType' | 'retry'>> & {
  eventType: string;
  retry?: Partial<RetrySettings>;
};

/** Operation name → entry. */
export type OperationEntries = Record<string, OperationEntry>;

/** What a setting may be. Returns what is wrong, without repeating the value, or `null`. */
type Check = (value: unknown) => string | null;

/** Characters of an operation's name: it stands in logs, metrics and JSON pointers. */
const NAME_LENGTH = 64;
const DAY_MS = 24 * 60 * 60 * 1000;
/** `counted` is a smallint in the store. */
const MOST_ATTEMPTS = 32767;
/** Characters of a filter or mapping: each is parsed again by every replica. */
const EXPRESSION_LENGTH = 8192;
/** A graph is read whole by every replica, and its ids stand in every waiting row. */
const MOST_DEPENDENCIES = 50;
const HOST = /^([A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])$/;

const whole =
  (least: number, most: number, unit: string): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
      ? null
      : `must be a whole number from ${least} to ${most}${unit}`;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? null : check(value);
const oneOf =
  (...words: string[]): Check =>
  (value) =>
    words.includes(value as string) ? null : `must be one of: ${words.join(', ')}`;
const flag: Check = (value) => (typeof value === 'boolean' ? null : 'must be true or false');
const rate: Check = (value) =>
  typeof value === 'number' && value >= 0.001 && value <= 1_000_000
    ? null
    : 'must be a number from 0.001 to 1000000 per second, or null for no limit';
const expression: Check = (value) =>
  typeof value === 'string' && value.trim() !== '' && value.length <= EXPRESSION_LENGTH
    ? null
    : `must be a JSONata expression of 1 to ${EXPRESSION_LENGTH} characters`;
const names: Check = (value) => {
  if (!Array.isArray(value) || value.length > MOST_DEPENDENCIES)
    return `must be a list of at most ${MOST_DEPENDENCIES} operation names`;
  if (!value.every((name) => typeof name === 'string' && OPERATION_NAME_PATTERN.test(name)))
    return 'must hold operation names only, such as coupons.issue';
  return new Set(value).size === value.length ? null : 'names an operation twice';
};
const eventType: Check = (value) =>
  typeof value === 'string' && EVENT_TYPE_PATTERN.test(value)
    ? null
    : 'must be an event type such as order.paid: a letter, then letters, digits, dot, dash or underscore, 255 in all';
const source: Check = (value) =>
  typeof value === 'string' && SOURCE_PATTERN.test(value)
    ? null
    : 'must be the source whose messages may be cancelled: 1 to 256 visible ASCII characters';

const RETRY_CHECKS: Record<keyof RetrySettings, Check> = {
  maxAttempts: orNull(whole(1, MOST_ATTEMPTS, ', or null for no limit')),
  maxAgeMs: whole(1000, 366 * DAY_MS, ' (ms)'),
  backoffMs: whole(1, DAY_MS, ' (ms)'),
  backoffCapMs: whole(1, 7 * DAY_MS, ' (ms)'),
};

const CHECKS: Record<Exclude<keyof OperationSettings, 'name'>, Check> = {
  eventType,
  endpoint: orNull(endpointFault),
  timeoutMs: whole(1, LIMITS.operationTimeoutMs, ' (ms)'),
  concurrency: whole(1, 10_000, ' calls in flight per replica'),
  ratePerSecond: orNull(rate),
  ordered: flag,
  dependsOn: names,
  onDependencyDead: oneOf('block', 'skip', 'run'),
  onDead: oneOf('block', 'skip'),
  retry: (value) => (isMap(value) ? null : `must be a map of ${Object.keys(RETRY_CHECKS).join(', ')}`),
  effect: oneOf('at_least_once', 'at_most_once'),
  filter: orNull(expression),
  mapping: orNull(expression),
  delayMs: whole(0, LIMITS.delayMs, ' (ms)'),
  state: oneOf('active', 'paused', 'disabled'),
  cancelSource: orNull(source),
};

/**
 * Checks a map of operations by itself: names, unknown fields, types, ranges, endpoints. What needs the whole graph is
 * `graphFaults`.
 * @param path JSON pointer of the map within its document
 * @returns the entries that are without fault, and every fault with its JSON pointer
 */
export function readOperationEntries(
  input: unknown,
  path = '',
): { entries: OperationEntries; faults: Fault[] } {
  if (!isMap(input))
    return { entries: {}, faults: [{ path, message: 'must be a map: operation name to settings' }] };
  const entries: OperationEntries = {};
  const faults: Fault[] = [];
  for (const [name, entry] of Object.entries(input)) {
    const found = entryFaults(name, entry, path + jsonPointer([name]));
    if (found.length > 0) faults.push(...found);
    else entries[name] = entry as OperationEntry;
  }
  return { entries, faults };
}

/** Complete settings: what the entry leaves out takes its default. The entry must be without fault. */
export function withDefaults(name: string, entry: OperationEntry): OperationSettings {
  return {
    ...OPERATION_DEFAULTS,
    ...entry,
    name,
    endpoint: entry.endpoint ?? null,
    dependsOn: [...(entry.dependsOn ?? [])],
    retry: { ...OPERATION_DEFAULTS.retry, ...entry.retry },
  };
}

/** Host of an endpoint that is without fault, lower case, without port. */
export function endpointHost(endpoint: string): string {
  return new URL(endpoint).hostname.toLowerCase();
}

function entryFaults(name: string, entry: unknown, path: string): Fault[] {
  const faults: Fault[] = [];
  if (name.length > NAME_LENGTH || !OPERATION_NAME_PATTERN.test(name))
    faults.push({
      path,
      message: `an operation is named <service>.<verb> in lower case, at most ${NAME_LENGTH} characters`,
    });
  if (!isMap(entry)) return [...faults, { path, message: 'must be a map of settings' }];
  if (!('eventType' in entry)) faults.push({ path: `${path}/eventType`, message: 'is missing' });
  faults.push(...fieldFaults(entry, CHECKS, path));
  if (isMap(entry['retry'])) faults.push(...fieldFaults(entry['retry'], RETRY_CHECKS, `${path}/retry`));
  if (faults.length === 0) faults.push(...relationFaults(name, entry as OperationEntry, path));
  return faults;
}

function fieldFaults(
  map: Record<string, unknown>,
  checks: Readonly<Record<string, Check>>,
  path: string,
): Fault[] {
  return Object.entries(map).flatMap(([field, value]) => {
    const check = Object.hasOwn(checks, field) ? checks[field] : undefined;
    const message = check
      ? check(value)
      : `is not a setting here; there are ${Object.keys(checks).join(', ')}`;
    return message === null ? [] : [{ path: path + jsonPointer([field]), message }];
  });
}

/** Rules between the settings of one operation. */
function relationFaults(name: string, entry: OperationEntry, path: string): Fault[] {
  const faults: Fault[] = [];
  const { retry, endpoint, cancelSource } = withDefaults(name, entry);
  const builtIn = name.startsWith(BUILT_IN_PREFIX);
  if (builtIn && name !== CANCEL_DELAYED)
    faults.push({ path, message: `bus.* is built in, and there is only ${CANCEL_DELAYED}` });
  if (builtIn && endpoint !== null)
    faults.push({ path: `${path}/endpoint`, message: 'a built-in operation has no endpoint; leave it out' });
  if (!builtIn && endpoint === null)
    faults.push({
      path: `${path}/endpoint`,
      message: 'is missing: tcp://host:port, or http:// or https:// with the path to POST to',
    });
  if (name === CANCEL_DELAYED && cancelSource === null)
    faults.push({
      path: `${path}/cancelSource`,
      message: 'is missing: the source whose delayed messages this operation may cancel',
    });
  if (name !== CANCEL_DELAYED && cancelSource !== null)
    faults.push({ path: `${path}/cancelSource`, message: `belongs to ${CANCEL_DELAYED} alone` });
  if (retry.backoffCapMs < retry.backoffMs)
    faults.push({ path: `${path}/retry/backoffCapMs`, message: 'must not be below backoffMs' });
  if (entry.dependsOn?.includes(name))
    faults.push({ path: `${path}/dependsOn`, message: 'an operation cannot depend on itself' });
  return faults;
}

function endpointFault(value: unknown): string | null {
  const shape = 'must be tcp://host:port, or http:// or https:// with the path to POST to';
  if (typeof value !== 'string' || value.length > 2048) return shape;
  if (value.includes('${')) return 'holds a ${NAME} that was not resolved';
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    return shape; // not a URL at all: the fault is the result
  }
  if (!HOST.test(url.hostname)) return shape;
  if (url.username !== '' || url.password !== '') return 'must not hold a user or a password';
  if (url.hash !== '') return 'must not hold a #fragment';
  if (url.protocol === 'http:' || url.protocol === 'https:') return null;
  if (url.protocol !== 'tcp:' || url.port === '' || url.port === '0') return shape;
  return url.pathname === '' && url.search === '' ? null : 'tcp:// takes host and port alone';
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
