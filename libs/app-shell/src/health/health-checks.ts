import { Injectable } from '@nestjs/common';

/** Port: one thing without which this app cannot do its work. */
export abstract class HealthCheck {
  abstract readonly name: string;
  /** Resolves where all is well. @throws Error whose message says what is wrong, without secrets */
  abstract check(): Promise<void>;
}

/** The checks that `/health/ready` asks, registered by their owners at start. */
@Injectable()
export class HealthChecks {
  private readonly checks: HealthCheck[] = [];
  private hasStarted = false;

  register(check: HealthCheck): void {
    this.checks.push(check);
  }

  all(): readonly HealthCheck[] {
    return this.checks;
  }

  /** `/health/startup` answers 200 from here on. */
  markStarted(): void {
    this.hasStarted = true;
  }

  get started(): boolean {
    return this.hasStarted;
  }
}
