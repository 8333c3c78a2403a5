import type { OperationSettings } from '@bus/contracts';
import { PostgresOperationGraphs, createStorePool, type StorePool } from '@bus/store';
import { Pool } from 'pg';
import type { ProofBroker } from '../layer';
import { completeSettings, type StageOperation } from './complete-settings';
import type { FaultProxy } from './fault-proxy';
import type { ProofProcess } from './proof-process';
import type { Misbehaviours } from './recorder/misbehaviour';
import type { StagePostgres, StageServer } from './stage-postgres';

/** Of bus-producer, for the harness; through their links, where there are links. */
export interface ProducerAddress {
  rpcPort: number;
  httpPort: number;
}

export interface StageParts {
  broker: ProofBroker;
  servers: { postgres: StagePostgres; effects: StagePostgres; kafka: StageServer | null };
  processes: { producers: ProofProcess[]; consumers: ProofProcess[]; services: ProofProcess[] };
  links: ReadonlyMap<string, FaultProxy>;
  endpoints: readonly string[];
  addresses: readonly ProducerAddress[];
  kafkaBrokers: readonly string[];
  newConsumer(extraEnv: Record<string, string>): Promise<ProofProcess>;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 120_000;
/** Statements that collect evidence read whole tables. */
const EVIDENCE_WITHIN_MS = 120_000;

/** The bus as real processes: producers, consumers, services, the broker and PostgreSQL. */
export class Stage {
  readonly broker: ProofBroker;
  readonly producers: ProofProcess[];
  readonly consumers: ProofProcess[];
  readonly services: ProofProcess[];
  /** Of the bus. */
  readonly postgres: StagePostgres;
  /** `null` with the Postgres broker. */
  readonly kafka: StageServer | null;
  /** Past the link. */
  readonly kafkaBrokers: readonly string[];
  /** By name: `kafka`, `consumer-1>postgres`, `consumers>service-1`, `harness>producer-1.rpc` …; empty without links. */
  readonly links: ReadonlyMap<string, FaultProxy>;
  /** Of the services, in their order. */
  readonly endpoints: readonly string[];
  readonly addresses: readonly ProducerAddress[];
  /** On the bus's database; connects again after PostgreSQL was away. */
  readonly pool: StorePool;
  /** On the services' database, table `proof.effects`. */
  readonly effects: Pool;

  constructor(private readonly parts: StageParts) {
    this.broker = parts.broker;
    ({ producers: this.producers, consumers: this.consumers, services: this.services } = parts.processes);
    this.postgres = parts.servers.postgres;
    this.kafka = parts.servers.kafka;
    this.kafkaBrokers = parts.kafkaBrokers;
    this.links = parts.links;
    this.endpoints = parts.endpoints;
    this.addresses = parts.addresses;
    this.pool = createStorePool({
      connectionString: this.databaseUrl,
      poolSize: 4,
      statementTimeoutMs: EVIDENCE_WITHIN_MS,
      applicationName: 'proof',
    });
    this.effects = new Pool({ connectionString: this.effectsUrl, max: 2 });
    this.effects.on('error', () => undefined);
  }

  /** Past any link. */
  get databaseUrl(): string {
    return this.postgres.url;
  }

  get effectsUrl(): string {
    return this.parts.servers.effects.url;
  }

  /** Every app's process. */
  get processes(): ProofProcess[] {
    return [...this.producers, ...this.consumers, ...this.services];
  }

  /** Ready when it resolves. */
  async startConsumer(extraEnv: Record<string, string> = {}): Promise<ProofProcess> {
    const added = await this.parts.newConsumer(extraEnv);
    added.start();
    await added.ready(READY_WITHIN_MS);
    return added;
  }

  /** Activates a graph over whatever is active. Operations without an endpoint are spread over the services.
   *  @returns their complete settings */
  async activate(eventType: string, operations: readonly StageOperation[]): Promise<OperationSettings[]> {
    const settings = operations.map((operation, index) =>
      completeSettings(eventType, this.endpoints[index % this.endpoints.length] as string, operation),
    );
    const graphs = new PostgresOperationGraphs(this.pool);
    const active = (await graphs.history(eventType)).find((graph) => graph.state === 'active');
    const { outcome } = await graphs.activate({
      eventType,
      expectedVersion: active?.version ?? null,
      operations: settings,
      actor: 'proof',
      reason: null,
    });
    if (outcome === 'stale')
      throw new Error(`${eventType}: somebody else activated a graph at the same time`);
    return settings;
  }

  /** Switches of one service; what is not named is well again. Its process forgets them when it ends. */
  async misbehave(service: ProofProcess, wanted: Partial<Misbehaviours>): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${service.httpPort}/misbehaviour`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(wanted),
      signal: AbortSignal.timeout(5_000),
    });
    if (!answer.ok) throw new Error(`${service.name} answered ${answer.status} to its switches`);
  }

  /** Ends everything at once; data and logs stay. */
  async close(): Promise<void> {
    await Promise.allSettled([this.pool.end(), this.effects.end()]);
    await this.parts.stop();
  }
}
