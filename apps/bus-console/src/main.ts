import { bootstrap } from '@bus/app-shell';
import { bootOptions } from './boot-options';
import { readConfig } from './bus-console.config';

void bootstrap(() => bootOptions(readConfig()));
