import { type Fault, LIMITS } from '@bus/contracts';
import type { Acceptance } from '@bus/domain';

const OF_EVENT_PATTERN = /^\/events\/(\d+)(?=\/|$)/;

/**
 * Faults of a batch's text by the event that they are in, their paths within it, and those of the batch as a whole,
 * with what is wrong with its shape.
 */
export function batchFaults(
  batch: unknown,
  textFaults: readonly Fault[],
): { whole: Fault[]; ofEvent: Map<number, Fault[]> } {
  const whole: Fault[] = [];
  const ofEvent = new Map<number, Fault[]>();
  for (const fault of textFaults) {
    const match = OF_EVENT_PATTERN.exec(fault.path);
    if (!match) {
      whole.push(fault);
      continue;
    }
    const index = Number(match[1]);
    const faults = ofEvent.get(index) ?? [];
    faults.push({ ...fault, path: fault.path.slice(match[0].length) });
    ofEvent.set(index, faults);
  }
  return { whole: [...whole, ...shapeFaults(batch)], ofEvent };
}

/** An acceptance in view of the text that it was read from: parsing hides some faults. Told once, at most ten. */
export function withTextFaults(acceptance: Acceptance, textFaults: readonly Fault[]): Acceptance {
  if (textFaults.length === 0) return acceptance;
  const told = new Set(textFaults.map((fault) => fault.path));
  const more = 'faults' in acceptance ? acceptance.faults.filter((fault) => !told.has(fault.path)) : [];
  const faults = [...textFaults, ...more].map(({ path, message }) => ({ path, message }));
  return { code: 'invalid', faults: faults.slice(0, LIMITS.faults) };
}

function shapeFaults(batch: unknown): Fault[] {
  if (typeof batch !== 'object' || batch === null || Array.isArray(batch))
    return [{ path: '', message: 'must be an object' }];
  const { events, ...unknown } = batch as Record<string, unknown>;
  const faults = Object.keys(unknown).map((name) => ({
    path: `/${name.slice(0, 64)}`,
    message: 'unknown field',
  }));
  if (!Array.isArray(events)) faults.push({ path: '/events', message: 'must be a list of events' });
  return faults;
}
