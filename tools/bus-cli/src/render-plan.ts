import colours from 'picocolors';
import type { ApplyReport, PlannedGraph } from './apply-operations';
import { plainText } from './plain-text';

/** A plan for people: + added, ~ changed with old → new, − removed, and a sum at the end. */
export function renderPlan(plan: readonly PlannedGraph[]): string {
  return [...plan.flatMap(renderGraph), '', sumOf(plan)].join('\n');
}

/** What was done; after `renderPlan`. */
export function renderReport(report: ApplyReport): string {
  if (report.graphs.length === 0) return 'Nothing to apply.';
  return report.graphs
    .map(({ eventType, outcome, version }) => `${eventType}: ${outcome}, version ${version}`)
    .join('\n');
}

function renderGraph(graph: PlannedGraph): string[] {
  const version = graph.expectedVersion === null ? 'new' : `version ${graph.expectedVersion}`;
  if (graph.outcome === 'unchanged') return [`${graph.eventType} ${colours.dim(`(${version}) unchanged`)}`];
  const retired = graph.outcome === 'retire' ? ' has no operations any more' : '';
  return [
    `${colours.bold(graph.eventType)} ${colours.dim(`(${version})`)}${retired}`,
    ...graph.added.map((name) => colours.green(`  + ${name}${about(graph, name)}`)),
    ...graph.changed.flatMap(({ operation, settings }) => [
      colours.yellow(`  ~ ${operation}`),
      ...settings.map(({ setting, from, to, kind }) => {
        const when =
          kind === 'live' ? 'live: within 2 s, for all events' : 'pinned: for events stored from now on';
        return `      ${setting}: ${show(from)} → ${show(to)}  ${colours.dim(when)}`;
      }),
    ]),
    ...graph.removed.map((name) => colours.red(`  − ${name}`)),
    ...graph.kept.map((name) => colours.dim(`    ${name} stays: no file names it (--prune removes it)`)),
  ];
}

/** Where an added operation is, and what it comes after. */
function about(graph: PlannedGraph, name: string): string {
  const added = graph.operations.find((operation) => operation.name === name);
  if (!added) return '';
  const after = added.dependsOn.length > 0 ? `, after ${added.dependsOn.join(', ')}` : '';
  return colours.dim(`  ${added.endpoint === null ? 'built in' : plainText(added.endpoint)}${after}`);
}

function sumOf(plan: readonly PlannedGraph[]): string {
  const count = (of: (graph: PlannedGraph) => readonly unknown[]) =>
    plan.reduce((sum, graph) => sum + of(graph).length, 0);
  const [added, changed, removed] = [count((g) => g.added), count((g) => g.changed), count((g) => g.removed)];
  if (added + changed + removed === 0) return 'Nothing changes.';
  return `${added} to add, ${changed} to change, ${removed} to remove.`;
}

function show(value: unknown): string {
  if (value === null) return 'none';
  return plainText(typeof value === 'string' ? value : JSON.stringify(value));
}
