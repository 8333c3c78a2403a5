import { Client } from 'pg';

export interface CountedStatements {
  /** Since the last `reset`; all connections of this process, whoever's pool they are in. */
  readonly total: number;
  /** By prepared name or first word. */
  readonly byName: ReadonlyMap<string, number>;
  reset(): void;
  stop(): void;
}

/** Counts at the driver what this process sends, BEGIN and COMMIT included. @param except the test's own pool, by application name */
export function countStatements(except: string): CountedStatements {
  const send = Client.prototype.query as (...args: unknown[]) => unknown;
  const byName = new Map<string, number>();
  let total = 0;
  Client.prototype.query = function (this: Client, ...args: unknown[]) {
    const { application_name: application } = (
      this as unknown as { connectionParameters: { application_name?: string } }
    ).connectionParameters;
    if (application !== except) {
      total++;
      const name = nameOf(args[0]);
      byName.set(name, (byName.get(name) ?? 0) + 1);
    }
    return send.apply(this, args);
  } as typeof Client.prototype.query;
  return {
    get total() {
      return total;
    },
    byName,
    reset() {
      total = 0;
      byName.clear();
    },
    stop() {
      Client.prototype.query = send as typeof Client.prototype.query;
    },
  };
}

function nameOf(query: unknown): string {
  const { name, text } =
    typeof query === 'string'
      ? { name: undefined, text: query }
      : (query as { name?: string; text?: string });
  return name ?? /^\s*(\w+)/.exec(text ?? '')?.[1]?.toLowerCase() ?? 'statement';
}
