import { z } from 'zod';
import { brokerOptionsOf, brokerSettings } from './broker-settings';
import { SettingsError } from './env-reader';

/** Settings of the apps that make and fill the topic of mirrored dead letters. Beside them they need `brokerSettings`. */
export const deadLetterSettings = z.object({
  BUS_DEAD_LETTER_TOPIC: brokerSettings.shape.BUS_TOPIC.unwrap()
    .optional()
    .describe('Kafka topic that dead letters are mirrored to; unset: none. Needs BUS_BROKER=kafka'),
});

/**
 * How to reach that topic; `null`: dead letters are not mirrored.
 * @throws SettingsError with the Postgres broker, whose one log is read as events, and for the topic of events itself
 */
export function deadLetterBrokerOf(
  settings: z.infer<typeof deadLetterSettings> & Parameters<typeof brokerOptionsOf>[0],
): ReturnType<typeof brokerOptionsOf> | null {
  const { BUS_DEAD_LETTER_TOPIC: topic } = settings;
  if (topic === undefined) return null;
  const broker = brokerOptionsOf(settings);
  const fault = (message: string) =>
    new SettingsError([{ setting: 'BUS_DEAD_LETTER_TOPIC', given: topic, message }]);
  if (broker.broker === 'postgres')
    throw fault('the Postgres broker has one log only, of events; unset it, or set BUS_BROKER=kafka');
  if (topic === broker.topic) throw fault('it is the topic of events; name another one');
  return { ...broker, topic };
}
