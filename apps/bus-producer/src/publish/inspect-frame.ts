import { type Fault, RPC } from '@bus/contracts';
import { scanJson } from '@bus/domain';

const NONE: readonly Fault[] = [];

/** Looks at an RPC frame's text before it is parsed. Paths point into the event or batch that the frame carries. */
export function inspectFrame(text: string): readonly Fault[] {
  const faults = scanJson(text, { payloadKey: 'payload', itemsKey: 'events' });
  if (faults.length === 0) return NONE;
  return faults.map(({ path, message }) => ({
    path: path.replace(/^\/data(?:\/event(?=\/|$)|(?=\/events(?:\/|$)))/, ''),
    message,
  }));
}

/** A batch is judged event by event: its handler is told the faults of the frame. */
export function handsOnFaults(pattern: unknown): boolean {
  return (pattern as { cmd?: unknown } | null)?.cmd === RPC.publishBatch.cmd;
}
