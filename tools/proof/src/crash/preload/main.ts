import { dirname } from 'node:path';
import { CrashTrigger, readCrashOrder } from './crash-order';
import { watchAnswers } from './watch-answers';
import { watchKafka } from './watch-kafka';
import { watchSockets } from './watch-sockets';
import { watchStatements } from './watch-statements';

// `node --require` of this gives a process its crash point; without an order in the environment nothing is touched.
const order = readCrashOrder(process.env);
if (order) {
  const trigger = new CrashTrigger(order);
  // The drivers of the program that is about to start, wherever this file lies.
  const paths = [dirname(process.argv[1] ?? ''), process.cwd()];
  const { Client } = require(require.resolve('pg', { paths })) as typeof import('pg');
  watchStatements(Client, trigger);
  if (order.point === 'publish.before-send' || order.point === 'ingest.after-broker-commit') {
    const { Kafka } = require(require.resolve('kafkajs', { paths })) as typeof import('kafkajs');
    watchKafka(Kafka, trigger);
  }
  watchSockets(trigger);
  watchAnswers(trigger);
}
