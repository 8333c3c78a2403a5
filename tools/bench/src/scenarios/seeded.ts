import { Pool } from 'pg';
import type { Arena, BenchDatabase } from '../rig/arena';
import { omnibus } from '../rig/contenders';
import { seed, type Seed } from '../rig/seed';

/** A database with the bus's tables and an active graph, that rows can be made in. */
export interface SeededDatabase {
  database: BenchDatabase;
  pool: Pool;
  /** Operation ids. */
  operations: number[];
  seed(rows: Seed): Promise<void>;
  /** Bytes of the whole database. */
  bytes(): Promise<number>;
  close(): Promise<void>;
}

/** The bus itself makes the tables and the graph; it has ended when this resolves. */
export async function seededDatabase(
  arena: Arena,
  progress: (text: string) => void,
): Promise<SeededDatabase> {
  const database = await arena.freshDatabase();
  const running = await omnibus.start(arena, {}, database);
  await running.stop();
  const pool = new Pool({ connectionString: database.url, max: 2 });
  pool.on('error', () => undefined); // the database is dropped under it at the end
  const { rows } = await pool.query<{ operation_id: number }>(
    'select operation_id from bus.operation order by name',
  );
  return {
    database,
    pool,
    operations: rows.map((row) => row.operation_id),
    seed: (wanted) => seed(pool, wanted, progress, arena.options.signal),
    bytes: async () => {
      const size = await pool.query<{ bytes: string }>(
        'select pg_database_size(current_database())::text as bytes',
      );
      return Number(size.rows[0]?.bytes);
    },
    close: async () => {
      await pool.end();
      await database.drop();
    },
  };
}
