import { startKafka, type RunningKafka } from '@bus/kafka-dev';
import { waitForExit } from '@bus/embedded-postgres';
import type { StageServer } from './stage-postgres';

const GONE_WITHIN_MS = 10_000;

/** A one-node Kafka as a server of the stage. */
export class StageKafka implements StageServer {
  private server: RunningKafka | undefined;

  constructor(
    private readonly options: {
      dataDir: string;
      port: number;
      advertisedPort: number;
      controllerPort: number;
      onProgress?: (line: string) => void;
    },
  ) {}

  get pid(): number | undefined {
    return this.server?.pid;
  }

  async kill(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    server?.kill();
    if (server) await waitForExit(server.pid, GONE_WITHIN_MS);
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    await server?.stop();
  }

  async start(): Promise<void> {
    this.server ??= await startKafka(this.options);
  }
}
