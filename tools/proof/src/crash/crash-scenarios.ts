import { setTimeout as pause } from 'node:timers/promises';
import type { PersonAction } from '../checker/evidence';
import type { ArmedProcess } from './armed-process';
import type { CellEvents } from './cell-events';
import { TYPES, type CrashStage } from './crash-stage';

/** What brings a cell's process to its point. */
export interface Scene {
  crash: CrashStage;
  armed: ArmedProcess;
  events: CellEvents;
  signal: AbortSignal;
  hit: number;
  /** Of people, which change what is to be expected. */
  people: PersonAction[];
  /** Notes what must not happen. */
  violate(detail: string): void;
  /** Resolves when the process is back, or goes on; once reached. May be asked again. */
  recover(): Promise<void>;
  /** By `performance.now()`: then the point counts as not hit. */
  deadlineMs: number;
}

/** Resolves when the point was reached or the deadline has passed; the cell's events are published by then. */
export type Scenario = (scene: Scene) => Promise<void>;

const LEAST_ROUNDS = 4;
const BETWEEN_ROUNDS_MS = 250;
const BURST = 40;
const READY_WITHIN_MS = 120_000;
/** The slow service is through with a burst by then. */
const BURST_EVERY_MS = 4_000;

/** Rounds until the point is reached, four at least; two more then: a crash amid work, not at its end. */
async function rounds(
  { armed, deadlineMs, signal }: Scene,
  everyMs: number,
  round: () => Promise<void>,
): Promise<void> {
  let after = 0;
  for (let done = 0; after < 2 || done < LEAST_ROUNDS; done += 1) {
    signal.throwIfAborted();
    if (performance.now() > deadlineMs) return;
    await round();
    if (armed.reached) after += 1;
    else await armed.waitUntilReached(everyMs, signal);
  }
}

/** Lanes, a dependency, delays, cancels. */
export const orders: Scenario = (scene) => {
  const { events } = scene;
  return rounds(scene, BETWEEN_ROUNDS_MS, async () => {
    const batch = [0, 0, 0, 0, 300, 1_500].map((inMs) => events.make(TYPES.order, inMs));
    await events.publish(batch);
    await events.cancel(batch[5].messageId);
  });
};

/** Due times one after another, so that there is always something to claim. */
export const delays: Scenario = (scene) => {
  const { events } = scene;
  return rounds(scene, BETWEEN_ROUNDS_MS, () =>
    events.publish([60, 120, 180, 240, 300, 360].map((inMs) => events.make(TYPES.order, inMs))),
  );
};

/** Calls that take their time, while another replica is ended again and again: its leases run out. */
export const sweeps: Scenario = async ({ crash, armed, events, signal, deadlineMs }) => {
  while (!armed.reached && performance.now() < deadlineMs) {
    await crash.victim.ready(READY_WITHIN_MS, signal);
    await events.publish(Array.from({ length: BURST }, () => events.make(TYPES.slow)));
    await pause(BETWEEN_ROUNDS_MS);
    crash.victim.kill('SIGKILL');
    await armed.waitUntilReached(6_000, signal);
  }
};

/** Bursts of slow calls: the process begins to stop while enough of them are under way. */
export const drains: Scenario = (scene) => {
  const { events } = scene;
  return rounds(scene, BURST_EVERY_MS, () =>
    events.publish(Array.from({ length: 2 * BURST }, () => events.make(TYPES.slow))),
  );
};

/** One call after another, so that the n-th one is the n-th hit. */
export const publishes: Scenario = (scene) => {
  const { armed, events } = scene;
  return rounds(scene, 0, async () => {
    await events.publish([events.make(TYPES.order)], armed.reached ? undefined : armed.url);
    await events.publish([events.make(TYPES.order), events.make(TYPES.order, 200)]);
  });
};

/** Every second one before the event has been published. */
export const cancels: Scenario = (scene) => {
  const { armed, events } = scene;
  let early = false;
  return rounds(scene, 0, async () => {
    early = !early;
    const event = events.make(TYPES.order, 2_500);
    const cancel = () => events.cancel(event.messageId, armed.reached ? undefined : armed.url);
    if (early) await cancel();
    await events.publish([event, events.make(TYPES.order, 300)]);
    if (!early) await cancel();
  });
};

/** Calls of the service that is ended. */
export const effects: Scenario = (scene) => {
  const { events } = scene;
  return rounds(scene, BETWEEN_ROUNDS_MS, () =>
    events.publish(Array.from({ length: 4 }, () => events.make(TYPES.kit))),
  );
};
