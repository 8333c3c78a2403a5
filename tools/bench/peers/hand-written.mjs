// What a developer writes without a queue: store the event, call the handlers, store each result, mark the event done.
import pg from 'pg';
import { OPERATIONS, RESULT_TABLE, insertResult, needed, noop, servePeer } from './peer.mjs';

const EVENT_TABLE = `
  create table event (
    message_id text primary key,
    event_id uuid not null,
    body json not null,
    stored_at timestamptz not null default clock_timestamp(),
    done_at timestamptz
  )`;

/** At most so many at a time; who comes later waits in turn. */
class Slots {
  #free;
  #all;
  #queue = [];
  #whenAllFree = null;

  constructor(count) {
    this.#free = this.#all = count;
  }

  async take() {
    if (this.#free > 0) this.#free--;
    else await new Promise((turn) => this.#queue.push(turn));
  }

  free() {
    const turn = this.#queue.shift();
    if (turn) return turn();
    this.#free++;
    if (this.#free === this.#all) this.#whenAllFree?.();
  }

  async allFree() {
    if (this.#free < this.#all) await new Promise((done) => (this.#whenAllFree = done));
  }
}

await servePeer({ default: { inFlight: 256, poolSize: 6 } }, open);

async function open({ inFlight, poolSize }, { results, fail }) {
  const pool = new pg.Pool({ connectionString: needed('DATABASE_URL'), max: poolSize });
  pool.on('error', fail);
  await pool.query(EVENT_TABLE);
  await pool.query(RESULT_TABLE);
  const slots = new Slots(inFlight);

  return {
    settings: {
      inFlight: `${inFlight} events`,
      poolSize: String(poolSize),
      perEvent: 'insert; 4 at once: call, insert result; update',
      result: 'one insert per operation',
    },
    packages: ['pg'],
    async enqueue(events) {
      for (const event of events) {
        await slots.take();
        consume(event)
          .catch(fail)
          .finally(() => slots.free());
      }
    },
    settled: () => slots.allFree(),
    async countResults() {
      const { rows } = await pool.query('select count(*) as number from result');
      return Number(rows[0].number);
    },
    close: () => pool.end(),
  };

  async function consume(event) {
    const { rowCount } = await pool.query({
      name: 'insert-event',
      text: 'insert into event (message_id, event_id, body) values ($1, $2, $3) on conflict do nothing',
      values: [event.messageId, event.eventId, JSON.stringify(event)],
    });
    if (rowCount === 0) return; // came before
    await Promise.all(
      OPERATIONS.map(async (name) => {
        const { outcome } = await noop(event);
        await pool.query(insertResult(event.messageId, name, outcome));
        results.recorded(event.messageId, name);
      }),
    );
    await pool.query({
      name: 'mark-done',
      text: 'update event set done_at = clock_timestamp() where message_id = $1',
      values: [event.messageId],
    });
  }
}
