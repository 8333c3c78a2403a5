import { bootstrap, commonSettings, ports, readSettings } from '@bus/app-shell';
import { ConsumerModule } from '@bus/consumer-kit';
import { Global, Module } from '@nestjs/common';
import { z } from 'zod';
import { BehaviourOf, NoOp } from './no-op.handler';

const settingsSchema = z.object({
  ...commonSettings.shape,
  ...ports({ http: 0, rpc: 0 }),
  BENCH_BEHAVIOUR: z.string().default('{}'),
});

/** A consumer app of no-ops: the real kit, without a database since it has no effect. */
void bootstrap(() => {
  const settings = readSettings(settingsSchema, process.env);
  const now = {
    handlerMs: 0,
    retryShare: 0,
    deadShare: 0,
    silentOperation: null,
    ...(JSON.parse(settings.BENCH_BEHAVIOUR) as object),
  };
  @Global()
  @Module({ providers: [{ provide: BehaviourOf, useValue: { now } }], exports: [BehaviourOf] })
  class BehaviourModule {}
  @Module({
    imports: [
      BehaviourModule,
      ConsumerModule.register({ service: 'bench', version: '1', handlers: [NoOp], providers: [] }),
    ],
  })
  class BenchDownstreamModule {}
  return {
    name: 'bench-downstream',
    module: BenchDownstreamModule,
    http: { port: settings.HTTP_PORT, host: settings.BIND_HOST },
    rpc: { port: settings.RPC_PORT, host: settings.BIND_HOST },
    logLevel: settings.LOG_LEVEL,
    logFormat: settings.LOG_FORMAT,
  };
});
