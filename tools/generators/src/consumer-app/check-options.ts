import { EVENT_TYPE_PATTERN, OPERATION_NAME_PATTERN } from '@bus/contracts';
import type { Tree } from '@nx/devkit';
import { identifierFault, knownEvents } from './event-types';
import { projectFiles } from './project-files';

export interface ConsumerAppOptions {
  /** The app, in kebab-case. */
  name: string;
  /** `<service>.<verb>`. */
  operation: string;
  /** An event type, known to @bus/contracts or new. */
  event: string;
}

/** Kubernetes cuts names at 63 characters, and the app's is prolonged in some. */
const NAME_PATTERN = /^(?=.{1,40}$)[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
/** What a new type must be: a constant and a file are named after it. */
const NEW_TYPE_PATTERN = /^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+$/;

/** @throws Error with every fault of the options and its fix, before anything is written */
export function checkOptions(tree: Tree, options: ConsumerAppOptions): void {
  const faults = [nameFault, operationFault, eventFault].flatMap((fault) => fault(tree, options) ?? []);
  if (faults.length > 0) throw new Error(faults.join('\n'));
}

function nameFault(tree: Tree, { name }: ConsumerAppOptions): string | null {
  if (!NAME_PATTERN.test(name))
    return `The name "${name}" is not kebab-case of at most 40 characters; write it like refunds or gift-cards.`;
  if (name.startsWith('bus-'))
    return `The name "${name}" looks like a part of the bus; choose one that does not begin with bus-.`;
  const other = projectFiles(tree).find((project) => project.name === name);
  if (other || tree.exists(`apps/${name}`))
    return `${other?.folder ?? `apps/${name}`} exists; choose another name, or remove it first.`;
  if (new RegExp(`^  ${name}:`, 'm').test(textOf(tree, 'docker/compose.yml')))
    return `docker/compose.yml has a service "${name}"; choose another name, or remove the service first.`;
  return null;
}

function operationFault(tree: Tree, { operation }: ConsumerAppOptions): string | null {
  if (!OPERATION_NAME_PATTERN.test(operation))
    return `The operation "${operation}" is not <service>.<verb> in lower case; write it like refunds.issue.`;
  if (operation.startsWith('bus.'))
    return `The operation "${operation}" would be built in; choose a service other than bus, like refunds.issue.`;
  const owner = projectFiles(tree).find(({ folder }) =>
    textOf(tree, `${folder}/operations.yaml`).split('\n').includes(`${operation}:`),
  );
  return owner
    ? `${owner.folder}/operations.yaml has "${operation}"; choose another verb, or add a handler to that app.`
    : null;
}

function eventFault(tree: Tree, { event }: ConsumerAppOptions): string | null {
  if (event in knownEvents(tree)) return null;
  if (!EVENT_TYPE_PATTERN.test(event) || !NEW_TYPE_PATTERN.test(event))
    return `The event type "${event}" is not <thing>.<what-happened> in lower case; write it like order.refunded.`;
  return identifierFault(tree, event);
}

function textOf(tree: Tree, path: string): string {
  return tree.read(path, 'utf8') ?? '';
}
