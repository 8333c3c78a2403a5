export interface StartOptions {
  /** Tell the demo's story once all apps are ready. Default true. */
  demo: boolean;
  /** End when the story is told; the exit code says whether it came true. Default false. */
  exitAfterDemo: boolean;
  /** Show every log line of every app, not warnings and errors alone. Default false. */
  verbose: boolean;
  /** Print how to use this, and end. */
  help: boolean;
}

const FLAGS: Record<string, Partial<StartOptions>> = {
  '--no-demo': { demo: false },
  '--exit-after-demo': { exitAfterDemo: true },
  '--verbose': { verbose: true },
  '--help': { help: true },
};

export const USAGE = `npm start [-- options]
  --no-demo          start everything, publish nothing
  --exit-after-demo  end when the demo's story is told: 0 if it came true
  --verbose          every log line of every app (else warnings and errors)
  BUS_BROKER=kafka npm start   over Kafka: KAFKA_BROKERS, or a one-node Kafka of its own (Java 17, Maven)`;

/** @throws Error naming every flag that is not known */
export function parseOptions(argv: readonly string[]): StartOptions {
  const unknown = argv.filter((flag) => !(flag in FLAGS));
  if (unknown.length > 0) throw new Error(`Not known: ${unknown.join(' ')}\n${USAGE}`);
  const defaults: StartOptions = { demo: true, exitAfterDemo: false, verbose: false, help: false };
  return Object.assign(defaults, ...argv.map((flag) => FLAGS[flag]));
}
