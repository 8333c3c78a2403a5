import { type Admin, ConfigResourceTypes } from 'kafkajs';
import { LogSettingsError } from '../broker.errors';

/** What the bus asks of its topic (docs/guarantees.md, G1). */
export interface TopicDemands {
  topic: string;
  partitions: number;
  /** Copies that `createTopic` makes. */
  replication: number;
  /** Takes one copy on one node. */
  devSingleBroker: boolean;
}

export interface TopicFacts {
  /** `kafka:<cluster id>/<topic>`. */
  logId: string;
  /** Bytes of the largest record batch that the topic takes. */
  maxBatchBytes: number;
}

/** 7 days: as far back as a store may be restored and still lose nothing. */
const RETENTION_MS = 7 * 24 * 60 * 60 * 1000;
/** A send's whole share of one partition is one record batch of at most 1 MB; its framing comes on top. */
const MAX_BATCH_BYTES = 2 * 1024 * 1024;
const LEAST_REPLICATION = 3;
const LEAST_IN_SYNC = 2;

/** Makes the topic where it is missing; one that exists is left as it is. */
export async function createTopic(admin: Admin, demands: TopicDemands): Promise<void> {
  const settings = {
    'cleanup.policy': 'delete',
    'max.message.bytes': String(MAX_BATCH_BYTES),
    'message.timestamp.type': 'LogAppendTime',
    'min.insync.replicas': demands.devSingleBroker ? '1' : String(LEAST_IN_SYNC),
    'retention.bytes': '-1',
    'retention.ms': String(RETENTION_MS),
    'unclean.leader.election.enable': 'false',
  };
  await admin.createTopics({
    waitForLeaders: true,
    timeout: 10_000,
    topics: [
      {
        topic: demands.topic,
        numPartitions: demands.partitions,
        replicationFactor: demands.replication,
        configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
      },
    ],
  });
}

/** Reads the topic's settings and compares them with what the bus promises.
 *  @throws LogSettingsError naming every one that breaks a promise, and the fix */
export async function checkTopic(admin: Admin, demands: TopicDemands): Promise<TopicFacts> {
  const { topic } = demands;
  const { clusterId } = await admin.describeCluster();
  const log = `topic ${topic}`;
  if (!(await admin.listTopics()).includes(topic)) {
    throw new LogSettingsError({ log, problems: ['it does not exist; run bus-migrate'] });
  }
  const [{ partitions }] = (await admin.fetchTopicMetadata({ topics: [topic] })).topics;
  const settings = await topicSettings(admin, topic);
  const copies = Math.min(...partitions.map(({ replicas }) => replicas.length));
  const problems = [
    ...partitionProblems(partitions.length, demands.partitions),
    ...settingProblems(settings),
    ...(demands.devSingleBroker ? [] : durabilityProblems(settings, copies)),
  ];
  if (problems.length > 0) throw new LogSettingsError({ log, problems });
  return { logId: `kafka:${clusterId}/${topic}`, maxBatchBytes: Number(settings.get('max.message.bytes')) };
}

async function topicSettings(admin: Admin, topic: string): Promise<Map<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
  });
  return new Map(resources[0].configEntries.map(({ configName, configValue }) => [configName, configValue]));
}

/** Fewer would move keys; more are left unread until the log was drained and the setting follows. */
function partitionProblems(actual: number, wanted: number): string[] {
  if (actual >= wanted) return [];
  return [`it has ${actual} partitions; set BUS_PARTITIONS=${actual}, or drain it and add partitions`];
}

function settingProblems(settings: Map<string, string>): string[] {
  const retentionMs = Number(settings.get('retention.ms'));
  const problems: [boolean, string][] = [
    [settings.get('message.timestamp.type') !== 'LogAppendTime', 'set message.timestamp.type=LogAppendTime'],
    [settings.get('cleanup.policy') !== 'delete', 'set cleanup.policy=delete: compaction drops events'],
    [
      retentionMs !== -1 && retentionMs < RETENTION_MS,
      `set retention.ms to at least ${RETENTION_MS} (7 days), or -1`,
    ],
    [settings.get('retention.bytes') !== '-1', 'set retention.bytes=-1: a size limit drops unread events'],
    [
      Number(settings.get('max.message.bytes')) < MAX_BATCH_BYTES,
      `set max.message.bytes to at least ${MAX_BATCH_BYTES}`,
    ],
  ];
  return problems.filter(([broken]) => broken).map(([, fix]) => fix);
}

function durabilityProblems(settings: Map<string, string>, copies: number): string[] {
  const problems: [boolean, string][] = [
    [copies < LEAST_REPLICATION, `it has ${copies} copies; raise its replication to ${LEAST_REPLICATION}`],
    [
      Number(settings.get('min.insync.replicas')) < LEAST_IN_SYNC,
      `set min.insync.replicas to at least ${LEAST_IN_SYNC}`,
    ],
    [
      settings.get('unclean.leader.election.enable') !== 'false',
      'set unclean.leader.election.enable=false: a stale leader drops accepted events',
    ],
  ];
  const broken = problems.filter(([is]) => is).map(([, fix]) => fix);
  return broken.length === 0 ? [] : [...broken, 'or set DEV_SINGLE_BROKER=true on a development machine'];
}
