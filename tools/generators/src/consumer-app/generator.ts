import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { formatFiles, generateFiles, logger, readJson, type GeneratorCallback, type Tree } from '@nx/devkit';
import { checkOptions, type ConsumerAppOptions } from './check-options';
import { addToDeployments } from './deployment-lists';
import { addEventType, knownEvents } from './event-types';
import { freePorts } from './free-ports';
import { entryName, handlerName, nameOf } from './names';
import { nextSteps } from './next-steps';
import { samplePayload } from './sample-payload';

/**
 * `npx nx g ./tools/generators:consumer-app refunds --operation refunds.issue --event order.refunded`
 *
 * Makes apps/refunds with one handler to fill in and a spec that fails until then, adds the event type to
 * @bus/contracts where it is not known, and the app to every deployment.
 * @returns what follows once the files are written: `.env.example` anew, and the next steps on the screen
 * @throws Error with every fault of the options and its fix; nothing is written
 */
export default async function consumerApp(
  tree: Tree,
  options: ConsumerAppOptions,
): Promise<GeneratorCallback> {
  checkOptions(tree, options);
  const { name, operation, event } = options;
  const ports = freePorts(tree);
  const handler = handlerName(operation);
  const eventFile = addEventType(tree, event);
  writeApp(tree, options, ports);
  const leftOut = addToDeployments(tree, name, ports.http);
  await formatFiles(tree);
  return () => {
    const handlerFile = `apps/${name}/src/${handler.kebab}.handler.ts`;
    const settingsWritten = writeEnvExample(tree.root);
    logger.info(nextSteps({ name, operation, handlerFile, eventFile, leftOut, settingsWritten }));
  };
}

function writeApp(
  tree: Tree,
  { name, operation, event }: ConsumerAppOptions,
  ports: { http: number; rpc: number },
): void {
  const handler = handlerName(operation);
  const entry = entryName(name);
  const request = nameOf(`${event}.request`);
  const words = {
    name,
    operation,
    event,
    ports,
    handler,
    entry,
    request,
    app: nameOf(name),
    variable: nameOf(name).constant,
    version: readJson<{ version: string }>(tree, 'package.json').version,
    eventSchema: knownEvents(tree)[event],
    messagePrefix: nameOf(event).kebab,
    payload: JSON.stringify(samplePayload(event)),
    handlerFile: handler.kebab,
    entryFile: entry.kebab,
    requestFile: request.kebab,
  };
  generateFiles(tree, join(__dirname, 'files/app'), `apps/${name}`, words);
  generateFiles(tree, join(__dirname, 'files/k8s'), 'docker/k8s/base', words);
}

/** Runs in a process of its own: this one has loaded the settings of before.
 *  @returns whether it was written */
function writeEnvExample(root: string): boolean {
  const script = join(root, 'tools/house-rules/write-env-example.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script], { cwd: root, encoding: 'utf8' });
  if (status !== 0) logger.warn(`npm run env-example failed:\n${stderr}`);
  return status === 0;
}
