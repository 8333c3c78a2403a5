import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ErrorFilter } from '../failures/error.filter';
import { ShellModule } from '../shell.module';
import { DrainState } from './drain-state';
import { HealthCheck, HealthChecks } from './health-checks';
import { HealthController } from './health.http.controller';

@Module({})
class SpecModule {}

class SwitchableCheck extends HealthCheck {
  readonly name = 'broker';
  answer: () => Promise<void> = () => Promise.resolve();
  check(): Promise<void> {
    return this.answer();
  }
}

describe(HealthController.name, () => {
  let app: NestExpressApplication;
  let check: SwitchableCheck;

  beforeEach(async () => {
    app = await NestFactory.create<NestExpressApplication>(
      { module: SpecModule, imports: [ShellModule.forRoot({ name: 'spec', logLevel: 'silent' })] },
      { logger: false, abortOnError: false },
    );
    app.useGlobalFilters(new ErrorFilter());
    await app.listen(0, '127.0.0.1');
    check = new SwitchableCheck();
    app.get(HealthChecks).register(check);
  });
  afterEach(() => app.close());

  const probe = async (name: string) => {
    const answer = await fetch(`${await app.getUrl()}/health/${name}`);
    return { status: answer.status, report: (await answer.json()) as { error: object; details: object } };
  };

  it('is live as soon as it answers, and has started when it says so', async () => {
    expect((await probe('live')).status).toBe(200);
    expect((await probe('startup')).status).toBe(503);
    expect(await probe('ready')).toMatchObject({
      status: 503,
      report: { error: { started: { status: 'down', message: 'still starting' } } },
    });
    app.get(HealthChecks).markStarted();
    expect((await probe('startup')).status).toBe(200);
    expect(await probe('ready')).toMatchObject({
      status: 200,
      report: {
        status: 'ok',
        details: { started: { status: 'up' }, accepting: { status: 'up' }, broker: { status: 'up' } },
      },
    });
  });

  it('is not ready, but live, while one of its checks fails', async () => {
    app.get(HealthChecks).markStarted();
    check.answer = () => Promise.reject(new Error(`no connection ${'x'.repeat(500)}`));
    const { status, report } = await probe('ready');
    expect(status).toBe(503);
    expect(Object.keys(report.error)).toEqual(['broker']);
    const [{ message }] = Object.values(report.error) as [{ message: string }];
    expect(message).toMatch(/^no connection x+$/);
    expect(message).toHaveLength(200);
    expect((await probe('live')).status).toBe(200);
    check.answer = () => Promise.resolve();
    expect((await probe('ready')).status).toBe(200);
  });

  it('takes a check that has no answer in 2 s for failed', async () => {
    app.get(HealthChecks).markStarted();
    check.answer = () => new Promise(() => undefined);
    expect(await probe('ready')).toMatchObject({
      status: 503,
      report: { error: { broker: { status: 'down', message: 'no answer in 2000 ms' } } },
    });
  });

  it('is not ready, but live and started, while it stops', async () => {
    app.get(HealthChecks).markStarted();
    await app.get(DrainState).drain();
    expect(await probe('ready')).toMatchObject({
      status: 503,
      report: { error: { accepting: { status: 'down', message: 'stopping' } } },
    });
    expect([(await probe('live')).status, (await probe('startup')).status]).toEqual([200, 200]);
  });
});
