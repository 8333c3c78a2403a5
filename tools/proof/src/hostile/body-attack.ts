import { Agent } from 'undici';
import { request } from 'undici';
import type { Violation } from '../layer';
import type { SeededRandom } from '../random';
import { goodEvent, spoiltBytes, spoiltJson } from './hostile-text';

const PEERS = 16;
const TYPES = [
  'application/json',
  'application/cloudevents+json',
  'application/json; charset=utf-8',
  'text/plain',
  'application/x-www-form-urlencoded',
];
const ROUTES: readonly (readonly [method: 'POST' | 'DELETE' | 'PATCH' | 'GET' | 'PUT', path: string])[] = [
  ['POST', '/v1/events'],
  ['POST', '/v1/events'],
  ['POST', '/v1/events/batch'],
  ['PATCH', '/v1/events/hostile/body-1'],
  ['DELETE', '/v1/events/hostile/%00'],
  ['GET', '/v1/events/hostile/..%2f..%2fetc'],
  ['PUT', '/v1/events'],
];

export interface BodyAttackCounts {
  bodies: number;
  accepted: number;
  refused: number;
  /** Connections that the server ended without an answer. */
  cut: number;
}

/**
 * Sends hostile bodies over HTTP.
 * @returns a violation for every answer that is a 500, shows a stack trace, or is no error of the canon's shape
 */
export async function attackWithBodies(
  url: string,
  bodies: number,
  random: SeededRandom,
  signal: AbortSignal,
): Promise<{ counts: BodyAttackCounts; violations: Violation[] }> {
  const counts: BodyAttackCounts = { bodies: 0, accepted: 0, refused: 0, cut: 0 };
  const violations: Violation[] = [];
  const dispatcher = new Agent({ connections: PEERS, headersTimeout: 15_000 });
  const peer = async () => {
    while (counts.bodies < bodies && !signal.aborted) {
      const number = counts.bodies++;
      const body = bodyOf(number, random);
      const [method, path] = random.pick(ROUTES);
      const headers = { 'content-type': random.pick(TYPES) };
      try {
        const sent = method === 'GET' ? undefined : body;
        const answer = await request(`${url}${path}`, { method, headers, body: sent, dispatcher });
        const text = await answer.body.text();
        if (answer.statusCode < 400) counts.accepted++;
        else counts.refused++;
        const fault = answerFault(answer.statusCode, text);
        if (fault)
          violations.push({ rule: 'T6', detail: `${method} ${path}: ${fault}`, repeat: `body ${number}` });
      } catch {
        counts.cut++; // a closed connection is an answer; that the process lives is checked by the caller
      }
    }
  };
  await Promise.all(Array.from({ length: PEERS }, peer));
  await dispatcher.close();
  return { counts, violations };
}

function bodyOf(number: number, random: SeededRandom): Buffer {
  const event = goodEvent(`body-${number}`);
  const text = random.chance(0.3) ? `{"events":[${event},${event}]}` : event;
  return random.chance(0.3) ? spoiltBytes(text, random) : Buffer.from(spoiltJson(text, random));
}

/** What is wrong with an answer, whatever was asked. */
export function answerFault(status: number, text: string): string | null {
  if (status >= 500 && status !== 503) return `answered ${status}`;
  if (/\bat .+:\d+:\d+\)?/.test(text)) return `${status} shows a stack trace`;
  if (status < 400) return null;
  let parsed: { error?: { code?: unknown; message?: unknown; outcome?: unknown } };
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch {
    return `${status} is no JSON`;
  }
  const { code, message, outcome } = parsed.error ?? {};
  if (typeof code !== 'string' || typeof message !== 'string')
    return `${status} has no error code or message`;
  if (status < 500 && outcome !== 'not_accepted') return `${status} says outcome ${String(outcome)}`;
  return null;
}
