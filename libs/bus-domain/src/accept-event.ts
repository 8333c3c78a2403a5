import {
  EVENT_SCHEMAS,
  EVENT_TYPE_PATTERN,
  type Fault,
  type KnownEventType,
  LIMITS,
  MESSAGE_ID_PATTERN,
  SOURCE_PATTERN,
} from '@bus/contracts';
import { isCleanText } from './clean-text';
import { newEventId } from './event-id';
import type { IncomingEvent } from './incoming-event';
import { jsonPointer } from './json-pointer';
import { parseRfc3339, utcText } from './rfc3339';

/** What is known beside the request itself. */
export interface AcceptContext {
  /** This process's clock, ms since the epoch. */
  nowMs: number;
  /** 16 fresh random bytes. */
  random: Uint8Array;
  /** Database clock minus this process's clock. Default 0. */
  databaseOffsetMs?: number;
  /** The authenticated caller; it replaces the request's `source`. */
  callerSource?: string;
  /** Bytes of the payload as JSON. Default LIMITS.payloadBytes. */
  maxPayloadBytes?: number;
  /** RFC 3339 in UTC, where the request's own format carries it. Default: now. */
  occurredAt?: string;
  /** W3C Trace Context of the request. */
  traceparent?: string | null;
  /** Types with operations, where others are refused. */
  knownTypes?: ReadonlySet<string>;
  /** Types with an ordered operation, as far as known: they need a key. */
  orderedTypes?: ReadonlySet<string>;
}

/** Nothing is published. `code` is the gravest: `invalid`, else `too_large`, else `unprocessable`. */
export interface Refusal {
  code: 'invalid' | 'too_large' | 'unprocessable';
  /** At most ten. Paths point into the request; messages hold no value of it. */
  faults: Fault[];
}

/**
 * `overdue`: its `deliverAt` is past; it is due at once. `relative`: its time was counted from now (`delayMs`), so that
 * it is as good as what is known of the database's clock.
 */
export type Acceptance = { event: IncomingEvent; overdue: boolean; relative: boolean } | Refusal;

/**
 * A publish request as it came (a parsed PublishRequest, its text scanned by scanJson before) becomes an event, or the
 * list of all its faults. Unknown fields are faults: a misspelt `delayMs` must not send at once.
 */
export function acceptEvent(request: unknown, context: AcceptContext): Acceptance {
  if (typeof request !== 'object' || request === null || Array.isArray(request))
    return { code: 'invalid', faults: [{ path: '', message: 'must be an object' }] };
  const fields = request as Record<string, unknown>;
  const check = new RequestCheck(fields, context);
  const event = check.event();
  const refusal = check.refusal();
  return refusal ?? { event, overdue: check.overdue, relative: check.relative };
}

class RequestCheck {
  private readonly invalid: Fault[] = [];
  private readonly tooLarge: Fault[] = [];
  private readonly unprocessable: Fault[] = [];
  private readonly databaseNowMs: number;
  overdue = false;
  relative = false;

  constructor(
    private readonly fields: Record<string, unknown>,
    private readonly context: AcceptContext,
  ) {
    this.databaseNowMs = context.nowMs + (context.databaseOffsetMs ?? 0);
  }

  /** Only to be used where `refusal` finds nothing. */
  event(): IncomingEvent {
    const { context } = this;
    this.findUnknown();
    const eventId = newEventId(context);
    return {
      eventId,
      messageId: this.text('messageId', MESSAGE_ID_PATTERN, '1 to 128 visible ASCII characters') ?? eventId,
      source: this.source(),
      type: this.type(),
      key: this.key(),
      payload: this.payload(),
      occurredAt: context.occurredAt ?? utcText(context.nowMs),
      deliverAt: this.deliverAt(),
      traceparent: context.traceparent ?? null,
    };
  }

  refusal(): Refusal | null {
    const { invalid, tooLarge, unprocessable } = this;
    if (invalid.length + tooLarge.length + unprocessable.length === 0) return null;
    return {
      code: invalid.length > 0 ? 'invalid' : tooLarge.length > 0 ? 'too_large' : 'unprocessable',
      faults: [...invalid, ...tooLarge, ...unprocessable].slice(0, LIMITS.faults),
    };
  }

  private findUnknown(): void {
    for (const name of Object.keys(this.fields)) {
      switch (name) {
        case 'messageId':
        case 'source':
        case 'type':
        case 'key':
        case 'payload':
        case 'delayMs':
        case 'deliverAt':
          break;
        default:
          this.invalid.push({ path: jsonPointer([name]), message: 'unknown field' });
      }
    }
  }

  private text(name: 'messageId' | 'source' | 'type', pattern: RegExp, rule: string): string | undefined {
    const value = this.fields[name];
    if (value === undefined || (typeof value === 'string' && pattern.test(value))) return value;
    this.invalid.push({ path: `/${name}`, message: `must be a text of ${rule}` });
    return undefined;
  }

  private source(): string {
    const source = this.text('source', SOURCE_PATTERN, '1 to 256 visible ASCII characters');
    return this.context.callerSource ?? source ?? 'anonymous';
  }

  private type(): string {
    if (this.fields.type === undefined) this.invalid.push({ path: '/type', message: 'required' });
    const rule = 'a letter and up to 254 letters, digits, dots, hyphens or underscores';
    const type = this.text('type', EVENT_TYPE_PATTERN, rule);
    if (type === undefined) return '';
    const { knownTypes, orderedTypes } = this.context;
    if (knownTypes && !knownTypes.has(type))
      this.unprocessable.push({ path: '/type', message: 'no operation is configured for this type' });
    if (orderedTypes?.has(type) && this.fields.key === undefined)
      this.unprocessable.push({
        path: '/key',
        message: 'required: an operation of this type is ordered by key',
      });
    return type;
  }

  private key(): string | null {
    const { key } = this.fields;
    if (key === undefined) return null;
    if (isKey(key)) return key;
    this.invalid.push({
      path: '/key',
      message: `must be a text of 1 to ${LIMITS.keyBytes} bytes without NUL`,
    });
    return null;
  }

  private payload(): string {
    const { payload, type } = this.fields;
    const text = JSON.stringify(payload) as string | undefined;
    if (text === undefined) {
      this.invalid.push({ path: '/payload', message: 'required' });
      return '';
    }
    const limit = this.context.maxPayloadBytes ?? LIMITS.payloadBytes;
    // UTF-8 needs at most three bytes per UTF-16 unit: short ones need no count.
    if (text.length * 3 > limit && Buffer.byteLength(text, 'utf8') > limit)
      this.tooLarge.push({ path: '/payload', message: `larger than ${limit} bytes` });
    else if (typeof type === 'string' && Object.hasOwn(EVENT_SCHEMAS, type))
      this.checkSchema(type as KnownEventType, payload);
    return text;
  }

  private checkSchema(type: KnownEventType, payload: unknown): void {
    const checked = EVENT_SCHEMAS[type].safeParse(payload);
    for (const issue of checked.error?.issues ?? []) {
      const path = jsonPointer(['payload', ...(issue.path as (string | number)[])]);
      this.unprocessable.push({ path, message: 'does not fit the schema of this type' });
    }
  }

  private deliverAt(): string | null {
    const { delayMs, deliverAt } = this.fields;
    if (delayMs !== undefined && deliverAt !== undefined)
      this.invalid.push({ path: '/deliverAt', message: 'not together with delayMs' });
    if (delayMs !== undefined && !isDelay(delayMs))
      this.invalid.push({ path: '/delayMs', message: `must be a whole number from 0 to ${LIMITS.delayMs}` });
    else if (delayMs !== undefined && delayMs !== 0) {
      this.relative = true;
      return new Date(Math.ceil(this.databaseNowMs + delayMs)).toISOString();
    }
    if (deliverAt === undefined) return null;
    const accepted = acceptTime(deliverAt, this.databaseNowMs);
    if ('fault' in accepted) this.invalid.push({ path: '/deliverAt', message: accepted.fault });
    else {
      this.overdue = accepted.timeMs < this.databaseNowMs;
      return new Date(accepted.timeMs).toISOString();
    }
    return null;
  }
}

/** A time to wait for, at most 366 days ahead; a past one is taken. @param value as it came */
export function acceptTime(value: unknown, databaseNowMs: number): { timeMs: number } | { fault: string } {
  const timeMs = typeof value === 'string' ? parseRfc3339(value) : null;
  if (timeMs === null) return { fault: 'must be an RFC 3339 time' };
  if (timeMs - databaseNowMs > LIMITS.delayMs) return { fault: 'must be at most 366 days ahead' };
  return { timeMs };
}

/** True for a key that rows and record headers can carry: 1 to 256 bytes of clean text. */
export function isKey(key: unknown): key is string {
  if (typeof key !== 'string' || key.length === 0 || key.length > LIMITS.keyBytes) return false;
  return isCleanText(key) && Buffer.byteLength(key, 'utf8') <= LIMITS.keyBytes;
}

function isDelay(delayMs: unknown): delayMs is number {
  return Number.isInteger(delayMs) && (delayMs as number) >= 0 && (delayMs as number) <= LIMITS.delayMs;
}
