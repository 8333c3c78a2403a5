import { LogSettingsError } from '../broker.errors';
import type { LogFinding } from '../log-finding';
import { KafkaAdminLine } from './kafka-admin-line';
import type { KafkaClientOptions } from './kafka-client';
import { lookAtTopic, type TopicDemands, type TopicFinding } from './kafka-topics';

/** Every promise of the topic, kept or broken; by the same rules that publishers and subscribers start by.
 *  @throws BrokerUnavailableError */
export async function lookAtKafka(options: KafkaClientOptions & TopicDemands): Promise<LogFinding[]> {
  const line = new KafkaAdminLine(options);
  const subject = `topic ${options.topic}`;
  try {
    const { logId, findings } = await line.ask((admin) => lookAtTopic(admin, options));
    return [
      { subject, found: logId, level: 'good', fix: null },
      ...findings.map((finding) => toLogFinding(finding, options)),
    ];
  } catch (error) {
    if (!(error instanceof LogSettingsError)) throw error;
    return [{ subject, found: 'missing', level: 'fault', fix: error.problems.join('; ') }];
  } finally {
    await line.close();
  }
}

function toLogFinding(finding: TopicFinding, { devSingleBroker }: TopicDemands): LogFinding {
  const { subject, found, fix, durability } = finding;
  if (fix === null) return { subject, found, level: 'good', fix };
  if (!durability) return { subject, found, level: 'fault', fix };
  return devSingleBroker
    ? { subject, found, level: 'advice', fix: `for development only; in production ${fix}` }
    : { subject, found, level: 'fault', fix: `${fix}, or set DEV_SINGLE_BROKER=true for development` };
}
