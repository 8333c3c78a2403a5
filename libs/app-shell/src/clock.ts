/** Port: the application's time. Decisions about stored times belong to the database's clock instead. */
export abstract class Clock {
  /** Wall clock; may step. */
  abstract now(): Date;
  /** Milliseconds that only rise; for durations and deadlines within this process. */
  abstract monotonicMs(): number;
}

/** The machine's clocks. */
export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }

  monotonicMs(): number {
    return performance.now();
  }
}
