import type { PersonAction } from '../checker/evidence';
import { ask, SOURCE } from './cell-events';
import { TYPES } from './crash-stage';
import { deaths } from './deaths';
import type { Scenario, Scene } from './crash-scenarios';

const DYING = 'proof.record-rated';
const CHANGING = 'proof.record-steady';
/** Calls beyond the hit. */
const SPARE = 2;

/** Dead letters, replayed one after another through the console. */
export const replays: Scenario = async (scene) => {
  const { crash, armed, events, people } = scene;
  await crash.stage.misbehave(crash.refusingService, { refuse: true });
  await events.publish(Array.from({ length: scene.hit + SPARE }, () => events.make(TYPES.dying)));
  const executions = await deaths(scene);
  await crash.stage.misbehave(crash.refusingService, {});
  for (const { eventId, messageId } of executions) {
    const wasReached = armed.reached;
    const replay = () =>
      ask('POST', `${armed.url}/api/v1/executions/${eventId}/${DYING}/replay`, {
        expectedAttempt: 1,
        actor: 'proof',
        reason: 'the crash matrix',
      });
    let answer = await replay();
    if (!wasReached && armed.reached) {
      // Not committed: it is dead as before. A stopped one may still commit once it goes on.
      const isDead = await stillDead(scene, eventId);
      if (!isDead) scene.violate(`${messageId} is not dead any more, and its replay was not committed`);
      await scene.recover();
      answer = await replay();
    }
    if (!isReplayed(answer))
      scene.violate(`the replay of ${messageId} was answered ${JSON.stringify(answer)}`);
    people.push({
      kind: 'replay',
      event: `${SOURCE} ${messageId}`,
      operation: DYING,
    } satisfies PersonAction);
  }
};

/** One version after another of one graph, while its events run. */
export const activations: Scenario = async (scene) => {
  const { crash, armed, events } = scene;
  for (let change = 1; change <= scene.hit + SPARE; change += 1) {
    const before = await activeVersion(scene);
    const concurrency = before.concurrency === 64 ? 65 : 64;
    const activate = () =>
      ask('POST', `${armed.url}/api/v1/operations/activate`, {
        operations: {
          [CHANGING]: {
            eventType: TYPES.changing,
            endpoint: crash.stage.endpoints[0],
            timeoutMs: 1_000,
            concurrency,
          },
        },
        expectedVersions: { [TYPES.changing]: before.version },
        actor: 'proof',
      });
    const wasReached = armed.reached;
    await Promise.all([
      activate(),
      events.publish([events.make(TYPES.changing), events.make(TYPES.changing)]),
    ]);
    if (!wasReached && armed.reached) {
      const during = await activeVersion(scene);
      if (during.version !== before.version)
        scene.violate(`version ${during.version} is active, and its activation was not committed`);
      await scene.recover();
      await activate(); // a conflict where the stopped one has committed by now
    }
    const after = await activeVersion(scene);
    if (after.version !== before.version + 1 || after.concurrency !== concurrency)
      scene.violate(`version ${after.version} with ${after.concurrency} is active after ${before.version}`);
  }
};

async function stillDead({ crash }: Scene, eventId: string): Promise<boolean> {
  const { rows } = await crash.stage.pool.query(
    'select from bus.dead_letter where event_id = $1 and not exists (select from bus.due where event_id = $1)',
    [eventId],
  );
  return rows.length === 1;
}

/** A second asking of one that was replayed is a conflict. */
function isReplayed(answer: unknown): boolean {
  const { outcome, error } = (answer ?? {}) as { outcome?: string; error?: { code?: string } };
  return outcome === 'replayed' || error?.code === 'conflict';
}

async function activeVersion({ crash }: Scene): Promise<{ version: number; concurrency: number }> {
  const { rows } = await crash.stage.pool.query<{ version: number; concurrency: number }>(
    `select version, (operations->0->>'concurrency')::int as concurrency
       from bus.operation_graph where event_type = $1 and state = 'active'`,
    [TYPES.changing],
  );
  if (rows.length !== 1) throw new Error(`${rows.length} graphs of ${TYPES.changing} are active`);
  return rows[0];
}
