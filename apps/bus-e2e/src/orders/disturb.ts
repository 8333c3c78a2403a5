import { setTimeout as pause } from 'node:timers/promises';
import type { LocalBus, Terminal } from '@bus/local-bus';
import type { PublishProgress } from './publish-progress';

export const CRASHES = 5;
const COUPONS_DOWN_MS = 20_000;

/**
 * Kills bus-consumer five times, spread over the run, and keeps the coupons app down for 20 s in the middle.
 * Everything is up again when this resolves.
 */
export async function disturb(
  bus: LocalBus,
  progress: PublishProgress,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const crashes = async () => {
    for (let crash = 1; crash <= CRASHES; crash += 1) {
      await progress.reached(crash / (CRASHES + 1));
      while (!bus.crashApp('bus-consumer')) await pause(50, undefined, { signal }); // between its death and its next start
      terminal.line(`  ⚡ bus-consumer killed (${crash} of ${CRASHES})`);
    }
  };
  const outage = async () => {
    await progress.reached(0.4);
    await bus.stopApp('coupons');
    terminal.line(`  ⚡ coupons is down for ${COUPONS_DOWN_MS / 1000} s`);
    await pause(COUPONS_DOWN_MS, undefined, { signal });
    await bus.startApp('coupons', signal);
    terminal.line('  ⚡ coupons is back');
  };
  await Promise.all([crashes(), outage()]);
}
