import { setTimeout as pause } from 'node:timers/promises';
import { SOURCE } from './cell-events';
import type { Scenario, Scene } from './crash-scenarios';
import { TYPES } from './crash-stage';
import { deaths } from './deaths';

const MIRRORED_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 250;

/** Dead letters, which one of the replicas takes to the mirror's topic every 2 s. */
export const mirrors: Scenario = async (scene) => {
  const { crash, armed, events, signal, deadlineMs } = scene;
  await crash.stage.misbehave(crash.refusingService, { refuse: true });
  while (!armed.reached && performance.now() < deadlineMs) {
    await events.publish([events.make(TYPES.dying), events.make(TYPES.dying)]);
    await armed.waitUntilReached(LOOK_EVERY_MS, signal);
  }
  if (!armed.reached) return;
  await scene.recover();
  const executions = await deaths(scene);
  await outboxEmpty(scene);
  const lines = await crash.mirrored();
  for (const { messageId } of executions)
    if (!lines.some((line) => line.split(' ').includes(messageId)))
      scene.violate(`the dead letter of ${messageId} is not in the mirror's topic`);
};

async function outboxEmpty(scene: Scene): Promise<void> {
  const { crash, events, signal } = scene;
  const deadline = performance.now() + MIRRORED_WITHIN_MS;
  for (;;) {
    const { rows } = await crash.stage.pool.query<{ left: number }>(
      `select count(*)::int as left from bus.dead_letter_mirror m join bus.event e using (event_id)
        where e.source = $1 and e.message_id = any ($2::text[])`,
      [SOURCE, events.messageIds],
    );
    if (rows[0].left === 0) return;
    if (performance.now() > deadline) return scene.violate(`${rows[0].left} dead letters are not mirrored`);
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}
