import type { Admin } from 'kafkajs';
import { BusError } from '@bus/contracts';
import { BrokerUnavailableError } from '../broker.errors';
import { within } from '../within';
import { kafkaClient, type KafkaClientOptions } from './kafka-client';

const ANSWER_WITHIN_MS = 5_000;

/** An admin connection that is made at the first question and again after each failure. */
export class KafkaAdminLine {
  private admin: Promise<Admin> | undefined;

  constructor(private readonly options: KafkaClientOptions) {}

  /** @throws BrokerUnavailableError where no answer came within `withinMs` */
  async ask<T>(question: (admin: Admin) => Promise<T>, withinMs = ANSWER_WITHIN_MS): Promise<T> {
    const broker = `Kafka at ${this.options.brokers.join(',')}`;
    const line = (this.admin ??= this.connect());
    try {
      const late = () => new BrokerUnavailableError({ broker });
      return await within(line.then(question), withinMs, late);
    } catch (cause) {
      if (this.admin === line) this.admin = undefined;
      await this.hangUp(line);
      throw cause instanceof BusError ? cause : new BrokerUnavailableError({ broker, cause });
    }
  }

  async close(): Promise<void> {
    const line = this.admin;
    this.admin = undefined;
    if (line) await this.hangUp(line);
  }

  private async connect(): Promise<Admin> {
    const admin = kafkaClient(this.options).admin();
    await admin.connect();
    return admin;
  }

  /** What was asked may still hang, so nobody waits for its end. */
  private async hangUp(line: Promise<Admin>): Promise<void> {
    const disconnected = line.then((admin) => admin.disconnect());
    await within(disconnected, 500, () => new Error('late')).catch((cause: unknown) => {
      this.options.logger('debug', 'an admin connection did not close', { cause: String(cause) });
    });
  }
}
