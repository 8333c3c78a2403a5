import { bootstrap } from '@bus/app-shell';
import { readConfig } from './bus-producer.config';
import { startOptions } from './start-options';

void bootstrap(() => startOptions(readConfig()));
