import { SOURCE } from './cell-events';
import { logEnds, untilQuiet } from './cell-evidence';
import type { Scene } from './crash-scenarios';

const DEAD_WITHIN_MS = 60_000;

/** The cell's events, all of them dead letters by now. */
export async function deaths(scene: Scene): Promise<{ eventId: string; messageId: string }[]> {
  const { crash, events, signal } = scene;
  const left = await untilQuiet(crash, events, await logEnds(crash), { withinMs: DEAD_WITHIN_MS, signal });
  if (left !== null) scene.violate(`not all have died: ${left}`);
  const { rows } = await crash.stage.pool.query<{ eventId: string; messageId: string }>(
    `select l.event_id as "eventId", e.message_id as "messageId"
       from bus.dead_letter l join bus.event e using (event_id)
      where e.source = $1 and e.message_id = any ($2::text[])`,
    [SOURCE, events.messageIds],
  );
  return rows;
}
