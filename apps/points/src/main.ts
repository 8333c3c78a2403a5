import { bootstrapConsumer } from '@bus/consumer-kit';
import { pointsDataSource } from './data-source';
import { readConfig } from './points.config';
import { PointsModule } from './points.module';

void bootstrapConsumer(() => {
  const { app, database } = readConfig();
  return { name: 'points', module: PointsModule, config: app, dataSource: pointsDataSource(database) };
});
