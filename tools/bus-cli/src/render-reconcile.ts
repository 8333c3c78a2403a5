import Table from 'cli-table3';
import colours from 'picocolors';
import { plainText } from './plain-text';
import { isReconciled, type ReconcileReport } from './reconcile';

/** A reconcile report for people: partitions, operations, each fault, and the verdict. */
export function renderReconcile(report: ReconcileReport): string {
  const { log, faults } = report;
  return [
    colours.bold(`log ${plainText(log.logId)}`),
    partitionTable(report),
    ...log.partitions.flatMap(({ partition, outside }) =>
      outside === null ? [] : [colours.red(`✗ partition ${partition}: ${outside}`)],
    ),
    ...log.gaps.map(({ partition, offset, kind, detail, repaired }) => {
      const line = `partition ${partition}, offset ${offset}: ${words(kind)}, ${plainText(detail)}`;
      return repaired === null ? colours.red(`✗ ${line}`) : colours.yellow(`! ${line}; ${repaired}`);
    }),
    ...(report.totals.length > 0 ? [operationTable(report)] : ['No operation has an execution.']),
    ...faults.map(({ kind, eventId, operation, detail }) =>
      colours.red(`✗ ${operation} of ${eventId}: ${words(kind)}, ${plainText(detail)}`),
    ),
    verdict(report),
  ].join('\n');
}

function partitionTable({ log }: ReconcileReport): string {
  const head = ['partition', 'from', 'to', 'stored', 'twins', 'cancelled', 'quarantined', 'gaps', 'lag'];
  const table = newTable(head);
  for (const { partition, from, to, lag, ends } of log.partitions) {
    const gaps = ends.missing + ends.other_content + ends.event_missing;
    table.push([
      String(partition),
      String(from),
      String(to),
      String(ends.stored),
      String(ends.twin),
      String(ends.cancelled),
      String(ends.quarantined),
      gaps === 0 ? '0' : colours.red(String(gaps)),
      String(lag),
    ]);
  }
  return table.toString();
}

function operationTable({ totals, faults }: ReconcileReport): string {
  const table = newTable(['operation', 'executions', 'states', 'faults']);
  for (const operation of new Set(totals.map((total) => total.operation))) {
    const mine = totals.filter((total) => total.operation === operation);
    const broken = faults.filter((fault) => fault.operation === operation).length;
    table.push([
      operation,
      String(mine.reduce((sum, { executions }) => sum + executions, 0)),
      mine.map(({ state, executions }) => `${state ?? colours.red('lost')} ${executions}`).join(', '),
      broken === 0 ? '0' : colours.red(String(broken)),
    ]);
  }
  return table.toString();
}

function verdict(report: ReconcileReport): string {
  if (isReconciled(report)) return colours.green('✓ accepted = stored = ended or explained');
  const mended = report.log.gaps.some(({ repaired }) => repaired !== null);
  const next = mended ? '; run it again once bus-consumer has read what was published' : '';
  return colours.red(`✗ not all is explained${next}`);
}

function words(kind: string): string {
  return kind.replaceAll('_', ' ');
}

function newTable(head: string[]) {
  return new Table({ head, style: { head: [], border: [], compact: true } });
}
