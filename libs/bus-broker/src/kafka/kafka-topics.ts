import { type Admin, ConfigResourceTypes } from 'kafkajs';
import { setTimeout as pause } from 'node:timers/promises';
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
const LEADERS_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 50;
const LEAST_REPLICATION = 3;
const LEAST_IN_SYNC = 2;

/** Makes the topic where it is missing; one that exists is left as it is. Once it resolves, records can be published.
 *  @throws Error of a partition whose leader does not answer within 10 s */
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
  await leadersAnswer(admin, demands.topic);
}

/** A new leader is told to clients before the broker itself knows that it leads: until then it refuses records. */
async function leadersAnswer(admin: Admin, topic: string): Promise<void> {
  const deadline = performance.now() + LEADERS_WITHIN_MS;
  for (;;) {
    try {
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (cause) {
      if (performance.now() > deadline) throw cause;
      await pause(LOOK_EVERY_MS);
    }
  }
}

/** One promise of the topic, and how it stands. */
export interface TopicFinding {
  /** Name of the setting; `partitions` and `replication` are the topic's own. */
  subject: string;
  found: string;
  /** What to do; `null`: as promised. */
  fix: string | null;
  /** `DEV_SINGLE_BROKER=true` does without it. */
  durability: boolean;
}

/** Reads the topic's settings and compares them with what the bus promises.
 *  @throws LogSettingsError naming every one that breaks a promise, and the fix */
export async function checkTopic(admin: Admin, demands: TopicDemands): Promise<TopicFacts> {
  const { logId, findings, settings } = await lookAtTopic(admin, demands);
  const broken = findings.filter(
    ({ fix, durability }) => fix !== null && !(durability && demands.devSingleBroker),
  );
  const problems = broken.map(({ fix }) => fix ?? '');
  if (broken.some(({ durability }) => durability))
    problems.push('or set DEV_SINGLE_BROKER=true on a development machine');
  if (problems.length > 0) throw new LogSettingsError({ log: `topic ${demands.topic}`, problems });
  return { logId, maxBatchBytes: Number(settings.get('max.message.bytes')) };
}

/** How every promise of the topic stands, broken or not.
 *  @throws LogSettingsError where there is no such topic */
export async function lookAtTopic(
  admin: Admin,
  demands: TopicDemands,
): Promise<{ logId: string; findings: TopicFinding[]; settings: Map<string, string> }> {
  const { topic } = demands;
  const { clusterId } = await admin.describeCluster();
  if (!(await admin.listTopics()).includes(topic)) {
    const problems = ['it does not exist; run bus-migrate'];
    throw new LogSettingsError({ log: `topic ${topic}`, problems });
  }
  const [{ partitions }] = (await admin.fetchTopicMetadata({ topics: [topic] })).topics;
  const settings = await topicSettings(admin, topic);
  const copies = Math.min(...partitions.map(({ replicas }) => replicas.length));
  const findings = [
    partitionFinding(partitions.length, demands.partitions),
    ...settingFindings(settings),
    ...durabilityFindings(settings, copies),
  ];
  return { logId: `kafka:${clusterId}/${topic}`, findings, settings };
}

async function topicSettings(admin: Admin, topic: string): Promise<Map<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
  });
  return new Map(resources[0].configEntries.map(({ configName, configValue }) => [configName, configValue]));
}

/** Fewer would move keys; more are left unread until the log was drained and the setting follows. */
function partitionFinding(actual: number, wanted: number): TopicFinding {
  const fix = `it has ${actual} partitions; set BUS_PARTITIONS=${actual}, or drain it and add partitions`;
  return {
    subject: 'partitions',
    found: String(actual),
    fix: actual >= wanted ? null : fix,
    durability: false,
  };
}

function settingFindings(settings: Map<string, string>): TopicFinding[] {
  const retentionMs = Number(settings.get('retention.ms'));
  const rules: [subject: string, broken: boolean, fix: string][] = [
    [
      'message.timestamp.type',
      settings.get('message.timestamp.type') !== 'LogAppendTime',
      'set message.timestamp.type=LogAppendTime',
    ],
    [
      'cleanup.policy',
      settings.get('cleanup.policy') !== 'delete',
      'set cleanup.policy=delete: compaction drops events',
    ],
    [
      'retention.ms',
      retentionMs !== -1 && retentionMs < RETENTION_MS,
      `set retention.ms to at least ${RETENTION_MS} (7 days), or -1`,
    ],
    [
      'retention.bytes',
      settings.get('retention.bytes') !== '-1',
      'set retention.bytes=-1: a size limit drops unread events',
    ],
    [
      'max.message.bytes',
      Number(settings.get('max.message.bytes')) < MAX_BATCH_BYTES,
      `set max.message.bytes to at least ${MAX_BATCH_BYTES}`,
    ],
  ];
  return rules.map(([subject, broken, fix]) => ({
    subject,
    found: settings.get(subject) ?? 'unset',
    fix: broken ? fix : null,
    durability: false,
  }));
}

function durabilityFindings(settings: Map<string, string>, copies: number): TopicFinding[] {
  const inSync = settings.get('min.insync.replicas') ?? 'unset';
  const unclean = settings.get('unclean.leader.election.enable') ?? 'unset';
  const rules: [subject: string, found: string, broken: boolean, fix: string][] = [
    [
      'replication',
      String(copies),
      copies < LEAST_REPLICATION,
      `it has ${copies} copies; raise its replication to ${LEAST_REPLICATION}`,
    ],
    [
      'min.insync.replicas',
      inSync,
      !(Number(inSync) >= LEAST_IN_SYNC),
      `set min.insync.replicas to at least ${LEAST_IN_SYNC}`,
    ],
    [
      'unclean.leader.election.enable',
      unclean,
      unclean !== 'false',
      'set unclean.leader.election.enable=false: a stale leader drops accepted events',
    ],
  ];
  return rules.map(([subject, found, broken, fix]) => ({
    subject,
    found,
    fix: broken ? fix : null,
    durability: true,
  }));
}
