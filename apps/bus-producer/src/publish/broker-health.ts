import { HealthCheck } from '@bus/app-shell';
import { BrokerPublisher } from '@bus/broker';
import { Injectable } from '@nestjs/common';

/** Ready while the broker answers: the one thing that publishing needs. */
@Injectable()
export class BrokerHealth extends HealthCheck {
  readonly name = 'broker';

  constructor(private readonly broker: BrokerPublisher) {
    super();
  }

  check(): Promise<void> {
    return this.broker.check();
  }
}
