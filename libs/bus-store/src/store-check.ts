/** One thing that the store needs of its PostgreSQL, and how it stands. */
export interface StoreFinding {
  subject: string;
  found: string;
  /** `advice`: the bus runs, and a person should know. `fault`: a promise is broken, or soon will be. */
  level: 'good' | 'advice' | 'fault';
  /** What to do; `null` where it is good. */
  fix: string | null;
}

export interface StoreNeeds {
  /** Connections of one process, as DATABASE_POOL says. */
  poolSize: number;
}

/** Port: whether PostgreSQL is set up as the guarantees need it. Changes nothing. */
export abstract class StoreCheck {
  /** @throws the driver's error where the database is away */
  abstract findings(needs: StoreNeeds): Promise<StoreFinding[]>;
}
