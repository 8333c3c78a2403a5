import type { EventReference } from '@bus/contracts';
import { AdminApi } from './admin-api';
import { plainText } from './plain-text';
import { renderEvent, type EventStory } from './render-event';

interface FoundEvents {
  rows: { eventId: string }[];
  placeholder: { cancelledAt: string | null; deliverAt: string | null } | null;
}

/**
 * The story of a message, as text for a terminal.
 * @throws Error where nobody has spoken of it; AdminApiError where bus-console is away
 */
export async function showEvent(consoleUrl: string, { source, messageId }: EventReference): Promise<string> {
  const api = new AdminApi(consoleUrl);
  const query = new URLSearchParams({ source, messageId });
  const { rows, placeholder } = await api.get<FoundEvents>(`/events?${query.toString()}`);
  const [found] = rows;
  if (found) return renderEvent(await api.get<EventStory>(`/events/${found.eventId}`));
  const name = plainText(`${messageId} of ${source}`);
  if (placeholder?.cancelledAt)
    return `${name} was cancelled at ${placeholder.cancelledAt}, before it arrived.`;
  if (placeholder) return `${name} has not arrived; it will start at ${placeholder.deliverAt ?? 'once'}.`;
  throw new Error(`The bus has not stored ${name}; check both names, and the lag of bus-consumer.`);
}
