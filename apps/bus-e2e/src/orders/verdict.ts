import Table from 'cli-table3';
import colours from 'picocolors';
import type { ObservedFigures } from './observed';
import type { OrdersReport } from './run-orders';

const LABELS: Record<keyof ObservedFigures, string> = {
  events: 'events stored',
  accounts: 'accounts',
  points: 'points granted',
  accountsAtZero: 'accounts that end at 0',
  ledgersOutOfOrder: 'ledgers not in file order',
  coupons: 'coupons issued',
  couponsSkipped: 'coupons skipped (below 50 dollars)',
  textMessages: 'text messages',
  messages: 'WeChat messages',
  messagesBeforeCoupon: 'WeChat messages before their coupon',
  duplicates: 'duplicates',
  leftOver: 'left over',
};

/** Names of the figures that differ; empty: the run is as expected. */
export function differences(report: OrdersReport): string[] {
  return figures().filter((name) => report.expected[name] !== report.actual[name]);
}

/** Expected and actual side by side. */
export function renderVerdict(report: OrdersReport): string {
  const table = new Table({
    head: ['', 'expected', 'actual', ''],
    colAligns: ['left', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  });
  for (const name of figures()) {
    const [expected, actual] = [report.expected[name], report.actual[name]];
    table.push([
      LABELS[name],
      expected.toLocaleString('en'),
      actual.toLocaleString('en'),
      expected === actual ? colours.green('equal') : colours.red('DIFFERENT'),
    ]);
  }
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return `${table}\npublished in ${seconds(report.publishMs)}, drained ${seconds(report.drainMs)} after the last answer`;
}

const figures = () => Object.keys(LABELS) as (keyof ObservedFigures)[];
