import { plainText } from './plain-text';
import type { ReplayPreviewView } from './replay-runs';

/** A preview for a terminal: groups, warnings, and some of what it would touch. */
export function renderReplayPreview(preview: ReplayPreviewView): string {
  const { executions, events, groups, warnings, sample } = preview;
  if (executions === 0) return 'Nothing that died matches.';
  const lines = [`${executions} executions of ${events} events`];
  for (const group of groups) {
    const when = `died ${group.earliestDiedAt} to ${group.latestDiedAt}`;
    lines.push(
      `  ${group.operation.padEnd(24)} ${group.cause.padEnd(16)} ${String(group.executions).padStart(7)}  ${when}`,
    );
  }
  for (const warning of warnings)
    lines.push(`! ${warning.operation}: ${warning.executions} executions; ${warning.message}`);
  lines.push(sample.length < executions ? `the first ${sample.length}:` : 'all of them:');
  for (const row of sample)
    lines.push(
      `  ${plainText(`${row.messageId} of ${row.source}`)}  ${row.operation}  attempt ${row.attempt}  ` +
        `${row.cause}${row.code === null ? '' : ` ${plainText(row.code)}`}`,
    );
  return lines.join('\n');
}
