import { randomBytes } from 'node:crypto';
import { Clock } from '@bus/app-shell';
import { BusError, type Fault } from '@bus/contracts';
import {
  acceptEvent,
  contentHash,
  encodeRecord,
  scanJson,
  type IncomingEvent,
  type ReadableParts,
} from '@bus/domain';
import {
  EventControlStore,
  EventRepairs,
  type ChangeAuthor,
  type LinkOrigin,
  type LinkRequest,
} from '@bus/store';
import { Injectable } from '@nestjs/common';
import { RepairPublisher, type PublishedAt } from './repair-publisher';

/** What a person changes; what is absent stays as it is. */
export interface ResendEdits {
  payload?: unknown;
  key?: string | null;
  type?: string;
  messageId?: string;
}

export type ResendAuthor = ChangeAuthor & { reason: string };

export interface ResentEvent extends PublishedAt {
  outcome: 'resent';
  source: string;
  messageId: string;
  eventId: string;
}

/** The event cannot be sent as asked; nothing was linked or published. */
class FaultyResendError extends BusError {
  constructor(code: 'invalid' | 'too_large' | 'unprocessable', faults: readonly Fault[]) {
    super({ code, message: 'the event has faults; nothing was published', faults });
  }
}

/**
 * Sends an event again as a new one, edited or not: it starts at once, under a message id of its own. The link to the
 * original is written first, so that what was published is never without it; a crash between the two leaves a link
 * without an event, which the same request with that message id repairs.
 */
@Injectable()
export class EventResend {
  constructor(
    private readonly repairs: EventRepairs,
    private readonly control: EventControlStore,
    private readonly publisher: RepairPublisher,
    private readonly clock: Clock,
  ) {}

  /**
   * @param original what is known of it; `source` must be
   * @param bodyText the request as it came: parsing hides faults of an edited payload
   * @throws FaultyResendError; BusError `conflict`; as RepairPublisher
   */
  async send(
    original: ReadableParts & { source: string },
    origin: LinkOrigin,
    edits: ResendEdits,
    context: { author: ResendAuthor; bodyText: string },
  ): Promise<ResentEvent> {
    const event = await this.accepted(original, edits, context.bodyText);
    const request: LinkRequest = {
      origin,
      source: event.source,
      messageId: messageIdOf(original, edits, event),
      contentHash: contentHash(event.type, event.key, event.payload),
      author: context.author,
    };
    const link = await this.repairs.link(request);
    if (link.outcome === 'taken') throw takenError(edits.messageId !== undefined);
    if (link.outcome === 'recent') throw secondClickError(link.messageId);
    const named = { ...event, messageId: link.messageId };
    return this.publish(named, origin, context.author);
  }

  private async accepted(
    original: ReadableParts & { source: string },
    edits: ResendEdits,
    bodyText: string,
  ): Promise<IncomingEvent> {
    const faults = scanJson(bodyText, { payloadKey: 'payload' }).map(({ path, message }) => ({
      path,
      message,
    }));
    if (faults.length > 0) throw new FaultyResendError('invalid', faults);
    const key = edits.key === undefined ? original.key : edits.key;
    const payload = edits.payload ?? (original.payload === null ? undefined : JSON.parse(original.payload));
    const { orderedTypes, databaseNowMs } = await this.control.hints();
    const nowMs = this.clock.now().getTime();
    const acceptance = acceptEvent(
      {
        source: original.source,
        messageId: edits.messageId,
        type: edits.type ?? original.type ?? undefined,
        key: key ?? undefined,
        payload,
      },
      {
        nowMs,
        random: randomBytes(16),
        databaseOffsetMs: databaseNowMs - nowMs,
        occurredAt: original.occurredAt ?? undefined,
        orderedTypes: new Set(orderedTypes),
      },
    );
    if ('faults' in acceptance) throw new FaultyResendError(acceptance.code, acceptance.faults);
    const { event } = acceptance;
    // Bytes that nobody edited stay as they are: a new JSON text of the same values may differ.
    return edits.payload === undefined && original.payload !== null
      ? { ...event, payload: original.payload }
      : event;
  }

  private async publish(
    event: IncomingEvent,
    origin: LinkOrigin,
    author: ResendAuthor,
  ): Promise<ResentEvent> {
    const { source, messageId, eventId } = event;
    const repeat = { path: '/messageId', message: `repeat the request with ${messageId}` };
    try {
      const at = await this.publisher.publish(encodeRecord(event), [repeat]);
      return { outcome: 'resent', source, messageId, eventId, ...at };
    } catch (error) {
      const outcome = error instanceof BusError ? error.outcome : 'unknown';
      await this.repairs.note({
        action: 'eventId' in origin ? 'events.resend' : 'quarantine.resend',
        target: `${source} ${messageId}`,
        author,
        result: `${outcome}: linked, but not surely published`,
      });
      throw error;
    }
  }
}

/** Without any message id to count on from, the new event's own id serves. */
function messageIdOf(
  original: ReadableParts,
  edits: ResendEdits,
  event: IncomingEvent,
): LinkRequest['messageId'] {
  if (edits.messageId !== undefined) return { id: edits.messageId };
  return original.messageId === null ? { id: event.eventId } : { after: original.messageId };
}

function takenError(isGiven: boolean): BusError {
  return new BusError({
    code: 'conflict',
    message: isGiven
      ? 'another event has this message id; nothing was published, choose another one'
      : 'no message id could be made of the original one; nothing was published, give one',
    faults: [{ path: '/messageId', message: isGiven ? 'is in use' : 'required here' }],
  });
}

function secondClickError(messageId: string): BusError {
  return new BusError({
    code: 'conflict',
    message: 'the same was sent again within the last minute; nothing was published now',
    faults: [
      {
        path: '/messageId',
        message: `it was sent as ${messageId}: give that to repeat it, or another one to send once more`,
      },
    ],
  });
}
