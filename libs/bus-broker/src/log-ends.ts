import type { LogBounds } from './partition-progress';

/** What the log holds of each partition: from its oldest offset to the one that the next record will get. */
export interface LogExtent {
  logId: string;
  bounds: ReadonlyMap<number, LogBounds>;
}

/** Port: how far the log reaches, for people and alarms. Connects when first asked, and again after a failure. */
export abstract class LogEnds {
  /** @throws BrokerUnavailableError, LogSettingsError naming the fix */
  abstract read(): Promise<LogExtent>;
  /** Closes what `read` opened. */
  abstract stop(): Promise<void>;
}
