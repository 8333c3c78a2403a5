import { exitOnFailure } from '@bus/app-shell';
import { readConfig } from './bus-migrate.config';
import { migrate } from './migrate';

void exitOnFailure(() => migrate(readConfig(), (line) => process.stdout.write(`bus-migrate: ${line}\n`)));
