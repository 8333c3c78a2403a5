import { AttemptSchema } from './attempt.schema';
import { DeadLetterSchema } from './dead-letter.schema';
import { EventLinkSchema } from './event-link.schema';
import { EventSchema } from './event.schema';
import { ExecutionSchema } from './execution.schema';
import { HOT_TABLES } from './hot-tables.schema';
import { OperationGraphSchema } from './operation-graph.schema';
import { OperationSchema } from './operation.schema';
import { RECORD_TABLES } from './record-tables.schema';
import { REPLAY_TABLES } from './replay.schema';

/** Every table of schema `bus`, as TypeORM sees it; compared with the migrations by the drift test. */
export const STORE_SCHEMAS = [
  EventSchema,
  EventLinkSchema,
  AttemptSchema,
  DeadLetterSchema,
  ExecutionSchema,
  OperationSchema,
  OperationGraphSchema,
  ...HOT_TABLES,
  ...RECORD_TABLES,
  ...REPLAY_TABLES,
];
