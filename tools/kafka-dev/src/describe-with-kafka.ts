import { kafkaAvailable } from './java-tools';

/** `describe` for specs on a real Kafka. Where Java or Maven is missing they are shown as skipped and a line on
 *  stderr says why; with `CI=true` that is a failing test instead. */
export function describeWithKafka(title: string, specs: () => void): void {
  const availability = process.env.TEST_KAFKA_BROKERS ? { available: true as const } : kafkaAvailable();
  if (availability.available) {
    describe(title, specs);
    return;
  }
  const reason = `not run, for lack of ${availability.missing}`;
  process.stderr.write(`KAFKA SPECS ${reason}: ${title}\n`);
  if (process.env.CI === 'true') {
    it(`${title}: run on a real Kafka in CI`, () => {
      throw new Error(reason);
    });
  } else {
    describe.skip(`${title} (${reason})`, specs);
  }
}
