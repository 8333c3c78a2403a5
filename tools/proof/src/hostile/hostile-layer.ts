import type { Layer, LayerContext, PartResult, Violation } from '../layer';
import { SeededRandom } from '../random';
import { openStage } from '../stage/open-stage';
import type { ProofProcess } from '../stage/proof-process';
import type { Stage } from '../stage/stage';
import { rssMbOf } from './rss-mb-of';
import { attackWithBodies } from './body-attack';
import { attackWithFrames } from './frame-attack';
import { appendHostileRecords } from './record-attack';

const SIZES = {
  quick: { frames: 20_000, bodies: 3_000, records: 2_000 },
  full: { frames: 1_000_000, bodies: 100_000, records: 50_000 },
  release: { frames: 1_000_000, bodies: 100_000, records: 50_000 },
};
const RSS_LIMIT_MB = 256;
const GOOD_WITHIN_MS = 10_000;

/** T6: nothing that comes over the wire ends a process, gets a 500, or keeps the next good request from its answer. */
export const hostileLayer: Layer = {
  name: 'hostile',
  title: 'hostile frames, bodies and records at the real entries; the 96 bad inputs are in npm test',
  async run(context: LayerContext): Promise<PartResult[]> {
    const known = context.done.get('hostile');
    if (known) return [known];
    const stage = await openStage({
      broker: 'postgres',
      workDir: context.workDir,
      durable: false,
      producers: 1,
      consumers: 1,
      services: 1,
      links: false,
      signal: context.signal,
      progress: context.progress,
    });
    try {
      const result = await attack(stage, context);
      context.keep(result.part, result);
      return [result];
    } finally {
      await stage.close();
    }
  },
};

async function attack(stage: Stage, context: LayerContext): Promise<PartResult> {
  const startedMs = performance.now();
  const { frames, bodies, records } = SIZES[context.tier];
  const random = new SeededRandom(context.seed).fork('hostile');
  const [producer, service] = [stage.producers[0], stage.services[0]];
  const { rpcPort, httpPort } = stage.addresses[0];
  const before = [producer, service, ...stage.consumers].map((one) => ({ one, pid: one.pid }));
  const violations: Violation[] = [];

  const half = Math.floor(frames / 2);
  const told = progressOf(context, 'frames', frames);
  const atProducer = await attackWithFrames(rpcPort, half, random.fork('rpc'), context.signal, told);
  await mustServe(producer, violations, httpPort);
  const atService = await attackWithFrames(
    service.rpcPort as number,
    frames - half,
    random.fork('service'),
    context.signal,
    (sent) => told(half + sent),
  );
  const url = `http://127.0.0.1:${httpPort}`;
  const overHttp = await attackWithBodies(url, bodies, random.fork('http'), context.signal);
  context.progress(
    `${bodies} bodies: ${overHttp.counts.accepted} accepted, ${overHttp.counts.refused} refused`,
  );
  violations.push(...overHttp.violations.slice(0, 20));
  const logged = await appendHostileRecords(stage, records, random.fork('records'), context.signal);
  violations.push(...logged.violations);
  await mustServe(producer, violations, httpPort);

  for (const { one, pid } of before) {
    if (one.pid !== pid)
      violations.push({
        rule: 'T6',
        detail: `${one.name} has ended and was started again`,
        repeat: one.logFile,
      });
    const rssMb = rssMbOf(one.pid);
    if (rssMb !== null && rssMb > RSS_LIMIT_MB)
      violations.push({ rule: 'T6', detail: `${one.name} took ${rssMb} MB`, repeat: one.logFile });
  }
  return {
    part: 'hostile',
    durationMs: Math.round(performance.now() - startedMs),
    counts: {
      frames: atProducer.frames + atService.frames,
      connections: atProducer.connections + atService.connections,
      bodies: overHttp.counts.bodies,
      records: logged.appended,
      'records in quarantine': logged.quarantined,
    },
    violations,
    notes: [
      `${overHttp.counts.accepted} of the bodies were good enough to be accepted, ${overHttp.counts.refused} were refused`,
      `${atProducer.closedByServer + atService.closedByServer} connections were closed by the server`,
    ],
  };
}

/** The next good request on the same process is served. */
async function mustServe(producer: ProofProcess, violations: Violation[], httpPort: number): Promise<void> {
  try {
    const answer = await fetch(`http://127.0.0.1:${httpPort}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ source: 'hostile', type: 'hostile.good', payload: {} }),
      signal: AbortSignal.timeout(GOOD_WITHIN_MS),
    });
    if (answer.status === 202) return;
    violations.push({ rule: 'T6', detail: `a good request got ${answer.status}`, repeat: producer.logFile });
  } catch (error) {
    violations.push({ rule: 'T6', detail: `a good request got ${String(error)}`, repeat: producer.logFile });
  }
}

function progressOf(context: LayerContext, what: string, of: number): (sent: number) => void {
  let next = 0;
  return (sent) => {
    if (sent < next) return;
    next = sent + of / 10;
    context.progress(`${sent} of ${of} ${what}`);
  };
}
