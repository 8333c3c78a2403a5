import { Events0001 } from './0001-events';
import { Executions0002 } from './0002-executions';
import { Operations0003 } from './0003-operations';
import { Partitions0004 } from './0004-partitions';
import { ExecutionView0005 } from './0005-execution-view';
import { Replay0006 } from './0006-replay';
import { Upkeep0007 } from './0007-upkeep';
import { Repair0008 } from './0008-repair';
import { AttemptGroup0009 } from './0009-attempt-group';

/**
 * In order, listed by hand: globs find nothing in a bundle. A released migration is never edited.
 * TypeORM orders by the last 13 digits of `name`: here the number of the file.
 */
export const STORE_MIGRATIONS = [
  Events0001,
  Executions0002,
  Operations0003,
  Partitions0004,
  ExecutionView0005,
  Replay0006,
  Upkeep0007,
  Repair0008,
  AttemptGroup0009,
];
