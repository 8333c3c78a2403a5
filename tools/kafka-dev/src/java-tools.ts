import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { jarsPresent } from './kafka-jars';

const JAVA_RELEASE = 17;

/** The `java` of `JAVA_HOME`, else the one on the path. */
export function javaCommand(): string {
  const home = process.env.JAVA_HOME;
  return home ? join(home, 'bin', 'java') : 'java';
}

export type KafkaAvailability = { available: true } | { available: false; missing: string };

let known: KafkaAvailability | undefined;

/** Whether this machine can start a real Kafka: Java 17 or newer, and the jars or Maven to fetch them.
 *  Looked up once for each process. */
export function kafkaAvailable(): KafkaAvailability {
  known ??= lookUp();
  return known;
}

function lookUp(): KafkaAvailability {
  const release = javaRelease();
  if (release === undefined) return { available: false, missing: `Java ${JAVA_RELEASE} (no java found)` };
  if (release < JAVA_RELEASE) {
    return { available: false, missing: `Java ${JAVA_RELEASE} (found ${release})` };
  }
  const maven = jarsPresent() || spawnSync('mvn', ['-v'], { stdio: 'ignore' }).status === 0;
  return maven ? { available: true } : { available: false, missing: 'Maven (no mvn found)' };
}

/** Major release from `java -version`, which says `"17.0.15"`, or `"1.8.0_402"` up to Java 8. */
function javaRelease(): number | undefined {
  const answer = spawnSync(javaCommand(), ['-version'], { encoding: 'utf8' });
  const found = /version "(?:1\.)?(\d+)/.exec(answer.stderr ?? '');
  return found ? Number(found[1]) : undefined;
}
