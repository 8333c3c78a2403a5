import { Controller, Get } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { DrainState } from './drain-state';
import { HealthChecks, type HealthCheck } from './health-checks';

/** A check that has no answer by then counts as failed. */
const CHECK_TIMEOUT_MS = 2_000;

/** Kubernetes probes. Live: the process answers. Ready: it takes work. Startup: it has started once. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly checks: HealthChecks,
    private readonly drain: DrainState,
  ) {}

  @Get('live')
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  @Get('ready')
  ready(): Promise<HealthCheckResult> {
    return this.health.check([
      () => this.report('started', this.checks.started, 'still starting'),
      () => this.report('accepting', !this.drain.draining, 'stopping'),
      ...this.checks.all().map((check) => () => this.ask(check)),
    ]);
  }

  @Get('startup')
  startup(): Promise<HealthCheckResult> {
    return this.health.check([() => this.report('started', this.checks.started, 'still starting')]);
  }

  private report(name: string, ok: boolean, otherwise: string) {
    const session = this.indicators.check(name);
    return ok ? session.up() : session.down(otherwise);
  }

  private async ask(check: HealthCheck) {
    const session = this.indicators.check(check.name);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
    });
    try {
      await Promise.race([check.check(), late]);
      return session.up();
    } catch (error) {
      return session.down((error as Error).message.slice(0, 200));
    } finally {
      clearTimeout(timer);
    }
  }
}
