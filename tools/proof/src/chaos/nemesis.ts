import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { InjectedFault } from '../layer';
import type { LinkFault } from '../stage/fault-proxy';
import type { ProofProcess } from '../stage/proof-process';
import type { Misbehaviours } from '../stage/recorder/misbehaviour';
import type { Stage } from '../stage/stage';
import type { StageServer } from '../stage/stage-postgres';
import type { History } from './history';
import type { FaultKind, PlannedFault } from './fault-plan';

const LINK_FAULT: Record<string, LinkFault> = {
  'link.latency': { latencyMs: 150, jitterMs: 150 },
  'link.bandwidth': { bytesPerSecond: 20_000 },
  'link.half-open': { drop: 'both' },
  'link.cut': { cutAfterBytes: 3_000 },
  'link.refuse': { refuse: true },
};
const MISBEHAVIOUR: Record<string, Partial<Misbehaviours>> = {
  'service.slow': { slowMs: 30_000 },
  'service.errors': { errors: 0.3 },
  'service.killed-after-success': { killAfterSuccess: 2 },
  'service.reply-lost': { replyLost: 0.3 },
  'service.reply-wrong': { replyWrong: 0.3 },
  'service.reply-garbage': { replyGarbage: 0.3 },
  'service.reply-huge': { replyHuge: 0.2 },
};
/** Left for the harness and the server's own needs when connections are used up. */
const CONNECTIONS_LEFT = 3;

/** Does what was planned to the stage, and undoes it. */
export class Nemesis {
  readonly timeline: InjectedFault[] = [];
  private readonly startMs = performance.now();
  /** One thing at a time is done to a server. */
  private readonly busy = new Map<StageServer, Promise<unknown>>();

  constructor(
    private readonly stage: Stage,
    private readonly history: History,
    private readonly signal: AbortSignal,
  ) {}

  /** Resolves when the last fault is over. */
  async run(plan: readonly PlannedFault[]): Promise<void> {
    const startMs = performance.now();
    await Promise.all(
      plan.map(async (fault) => {
        await this.wait(Math.max(0, startMs + fault.atMs - performance.now()));
        await this.inject(fault.kind, fault.target, fault.durationMs);
      }),
    );
  }

  /** One fault, from its beginning to its end. @returns what it hit */
  async inject(kind: FaultKind, target: number, durationMs: number): Promise<string> {
    const { stage } = this;
    if (kind === 'kill' || kind === 'stop' || kind === 'term') {
      const hit = stage.processes[target % stage.processes.length] as ProofProcess;
      return this.note(kind, hit.name, () => this.hitProcess(kind, hit, durationMs));
    }
    if (kind.startsWith('link.')) {
      const link = [...stage.links.values()][target % stage.links.size];
      return link
        ? this.note(kind, link.name, () => this.hitLink(kind, link.name, target, durationMs))
        : kind;
    }
    if (kind.startsWith('service.')) {
      const service = stage.services[target % stage.services.length] as ProofProcess;
      return this.note(kind, service.name, () => this.hitService(kind, service, durationMs));
    }
    if (kind === 'connections.terminated') return this.note(kind, 'postgres', () => this.terminate());
    if (kind === 'connections.used-up') return this.note(kind, 'postgres', () => this.useUp(durationMs));
    const server = kind.startsWith('kafka') ? stage.kafka : stage.postgres;
    if (!server) return kind;
    return this.note(kind, kind.split('.')[0] as string, () =>
      this.alone(server, async () => {
        await (kind.endsWith('kill') ? server.kill() : server.stop());
        await this.wait(durationMs);
        await server.start();
      }),
    );
  }

  /** A fault of the caller's own to a server, while nothing else is done to that one. */
  async during(kind: string, target: string, server: StageServer, work: () => Promise<void>): Promise<void> {
    await this.note(kind, target, () => this.alone(server, work));
  }

  /** Undoes whatever may still be done to the stage. Everything is ready when it resolves. */
  async heal(readyWithinMs: number): Promise<void> {
    const { stage } = this;
    for (const link of stage.links.values()) link.heal();
    for (const one of stage.processes) one.kill('SIGCONT');
    await Promise.all(
      [stage.postgres, stage.kafka].map((server) => server && this.alone(server, () => server.start())),
    );
    for (const one of stage.processes) if (!one.isUp) one.start();
    await Promise.all(stage.processes.map((one) => one.ready(readyWithinMs, this.signal)));
    await Promise.all(stage.services.map((service) => stage.misbehave(service, {})));
  }

  private async hitProcess(
    kind: 'kill' | 'stop' | 'term',
    hit: ProofProcess,
    durationMs: number,
  ): Promise<void> {
    if (kind === 'kill') return void hit.kill('SIGKILL');
    if (kind === 'term') return void hit.kill('SIGTERM');
    hit.kill('SIGSTOP');
    try {
      await this.wait(durationMs);
    } finally {
      hit.kill('SIGCONT');
    }
  }

  private async hitLink(kind: string, name: string, target: number, durationMs: number): Promise<void> {
    const link = this.stage.links.get(name);
    if (!link) return;
    if (kind === 'link.rst') return void link.reset();
    const oneWay: LinkFault = { drop: target % 2 === 0 ? 'to-server' : 'to-client' };
    link.set(kind === 'link.one-way' ? oneWay : (LINK_FAULT[kind] as LinkFault));
    try {
      await this.wait(durationMs);
    } finally {
      link.heal();
    }
  }

  private async hitService(kind: string, service: ProofProcess, durationMs: number): Promise<void> {
    const wanted = MISBEHAVIOUR[kind] as Partial<Misbehaviours>;
    // It may be down or stopped at this moment: then this fault is the other one's.
    await this.stage.misbehave(service, wanted).catch(() => undefined);
    if (kind === 'service.killed-after-success') return;
    await this.wait(durationMs);
    await this.stage.misbehave(service, {}).catch(() => undefined);
  }

  private async terminate(): Promise<void> {
    await this.stage.pool
      .query(
        `select pg_terminate_backend(pid) from pg_stat_activity
               where application_name <> 'proof' and backend_type = 'client backend'`,
      )
      .catch(() => undefined); // away, which terminates them all the same
  }

  private async useUp(durationMs: number): Promise<void> {
    const held: Client[] = [];
    try {
      const { rows } = await this.stage.pool.query<{ free: number }>(
        `select current_setting('max_connections')::int - count(*)::int as free from pg_stat_activity`,
      );
      const wanted = Math.max(0, (rows[0]?.free ?? 0) - CONNECTIONS_LEFT);
      await Promise.allSettled(
        Array.from({ length: wanted }, async () => {
          const client = new Client({ connectionString: this.stage.databaseUrl, application_name: 'proof' });
          client.on('error', () => undefined);
          await client.connect();
          held.push(client);
        }),
      );
      await this.wait(durationMs);
    } catch (error) {
      this.signal.throwIfAborted();
      this.history.fault(`connections could not be used up: ${String(error)}`);
    } finally {
      await Promise.allSettled(held.map((client) => client.end()));
    }
  }

  private async alone(server: StageServer, work: () => Promise<void>): Promise<void> {
    const before = this.busy.get(server) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(work);
    this.busy.set(server, mine);
    await mine;
  }

  private async note(kind: string, target: string, work: () => Promise<void>): Promise<string> {
    const beganMs = performance.now();
    const fault: InjectedFault = { atMs: Math.round(beganMs - this.startMs), kind, target };
    this.timeline.push(fault);
    this.history.fault(`${kind} ${target} begins`);
    try {
      await work();
    } finally {
      fault.durationMs = Math.round(performance.now() - beganMs);
      this.history.fault(`${kind} ${target} is over`);
    }
    return target;
  }

  private wait(ms: number): Promise<void> {
    return pause(ms, undefined, { signal: this.signal });
  }
}
