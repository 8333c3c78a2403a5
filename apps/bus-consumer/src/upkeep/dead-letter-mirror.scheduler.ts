import { Inject, Injectable, Logger } from '@nestjs/common';
import { DrainState, MetricsRegistry } from '@bus/app-shell';
import type { BrokerPublisher } from '@bus/broker';
import { encodeDeadLetter } from '@bus/domain';
import { DeadLetterOutbox, type UnsentDeadLetter } from '@bus/store';
import { Counter } from 'prom-client';
import { Chores } from './chores';

const EVERY_MS = 2000;
const MOST_LETTERS = 500;
/** Longer than a publish takes: whoever dies meanwhile leaves his to others after this time. */
const LEASE_MS = 30_000;

/** Token: the publisher of the mirror's topic, not started; `null`: dead letters are not mirrored. */
export const MIRROR_PUBLISHER = Symbol('MIRROR_PUBLISHER');

/**
 * Mirrors dead letters to a topic of their own, at least once: they are deleted from the outbox only after the broker
 * has them. One that cannot be published comes again; nothing waits for it.
 */
@Injectable()
export class DeadLetterMirrorScheduler {
  private readonly logger = new Logger(DeadLetterMirrorScheduler.name);
  private readonly mirrored: Counter<'outcome'>;
  private isEnabled: boolean | null = null;
  private starting: Promise<void> | null = null;

  constructor(
    private readonly outbox: DeadLetterOutbox,
    @Inject(MIRROR_PUBLISHER) private readonly publisher: BrokerPublisher | null,
    chores: Chores,
    drain: DrainState,
    registry: MetricsRegistry,
  ) {
    this.mirrored = new Counter({
      name: 'bus_dead_letters_mirrored_total',
      help: 'Dead letters sent to BUS_DEAD_LETTER_TOPIC, by outcome; what was not accepted is sent again',
      labelNames: ['outcome'],
      registers: [registry],
    });
    if (publisher === null) {
      chores.add('dead-letter mirror off', 24 * 3_600_000, () => this.enable(false));
      return;
    }
    chores.add('dead-letter mirror', EVERY_MS, () => this.mirror(publisher));
    drain.onDrain('dead-letter mirror', () => publisher.stop());
  }

  /** Sends what the outbox holds. @throws where the store or the broker is away */
  async mirror(publisher: BrokerPublisher): Promise<void> {
    await this.enable(true);
    // Kept by the publisher from then on; a topic that is missing is looked for again.
    await (this.starting ??= publisher.start().catch((error: unknown) => {
      this.starting = null;
      throw error;
    }));
    for (;;) {
      const letters = await this.outbox.claim(MOST_LETTERS, LEASE_MS);
      if (letters.length === 0) return;
      const sent = await this.send(publisher, letters);
      await this.outbox.sent(sent);
      if (sent.length < letters.length)
        throw new Error(
          `${letters.length - sent.length} dead letters were not mirrored; they are sent again`,
        );
      if (letters.length < MOST_LETTERS) return;
    }
  }

  /** @returns those that the broker has, or will never take */
  private async send(publisher: BrokerPublisher, letters: readonly UnsentDeadLetter[]): Promise<string[]> {
    const results = await publisher.publish(letters.map((letter) => encodeDeadLetter(letter.event, letter)));
    return letters.flatMap(({ mirrorId, event, operation }, at) => {
      const { outcome } = results[at];
      this.mirrored.inc({ outcome });
      if (outcome === 'refused')
        this.logger.error(
          { eventId: event.eventId, operation },
          'the broker refuses this dead letter for its size; it stays in dead_letter alone',
        );
      return outcome === 'accepted' || outcome === 'refused' ? [mirrorId] : [];
    });
  }

  private async enable(on: boolean): Promise<void> {
    if (this.isEnabled === on) return;
    await this.outbox.enable(on);
    this.isEnabled = on;
  }
}
