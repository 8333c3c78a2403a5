import { bootstrapConsumer, consumerDataSource } from '@bus/consumer-kit';
import { EffectsMigration1767225600001 } from './effects-migration';
import { readConfig } from './proof-recorder.config';
import { ProofRecorderModule } from './proof-recorder.module';

void bootstrapConsumer(() => {
  const { app, database } = readConfig();
  const dataSource = consumerDataSource({
    ...database,
    schema: 'proof',
    entities: [],
    migrations: [EffectsMigration1767225600001],
  });
  return { name: 'proof-recorder', module: ProofRecorderModule, config: app, dataSource };
});
