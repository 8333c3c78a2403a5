import type { Tree } from '@nx/devkit';

/** A file that names each app, and what is added there. */
interface Place {
  file: string;
  /** @returns the text with the app in it; `null` where its list is not found */
  put(text: string, app: string, httpPort: number): string | null;
}

const BASE = 'docker/k8s/base';

const PLACES: Place[] = [
  {
    file: 'docker/compose.yml',
    put: (text, app) => before(text, /^(?: {2}prometheus|volumes):/m, compose(app)),
  },
  { file: 'docker/prometheus/prometheus.yml', put: toScrape },
  { file: `${BASE}/migrate.yaml`, put: (text, app) => `${text.trimEnd()}\n${migration(app)}` },
  { file: `${BASE}/disruption-budget.yaml`, put: (text, app) => `${text.trimEnd()}\n${budget(app)}` },
  { file: `${BASE}/kustomization.yaml`, put: (text, app) => intoList(text, 'resources', `${app}.yaml`) },
  {
    file: `${BASE}/kustomization.yaml`,
    put: (text, app) => intoList(text, 'images', `{ name: omnibus/${app}, newTag: dev }`),
  },
  {
    file: 'docker/k8s/overlays/local/kustomization.yaml',
    put: (text, app) => intoList(text, 'replicas', `{ name: ${app}, count: 1 }`),
  },
  {
    file: 'docker/build-images.sh',
    put: (text, app) => before(text, /(?<=apps=\(bus-migrate [^)]*)\)/, ` ${app}`),
  },
  {
    file: 'docker/smoke-images.sh',
    put: (text, app) => before(text, /(?<=apps=\(bus-migrate [^)]*) bus-producer/, ` ${app}`),
  },
];

/** Adds the app wherever images are built, run and watched.
 *  @returns the files that no longer read as this expects, and were left as they are */
export function addToDeployments(tree: Tree, app: string, httpPort: number): string[] {
  const left = PLACES.filter(({ file, put }) => {
    const text = tree.read(file, 'utf8');
    const changed = text === null ? null : put(text, app, httpPort);
    if (changed !== null) tree.write(file, changed);
    return changed === null;
  });
  return [...new Set(left.map(({ file }) => file))];
}

function before(text: string, anchor: RegExp, added: string): string | null {
  const at = text.search(anchor);
  return at < 0 ? null : text.slice(0, at) + added + text.slice(at);
}

/** After the last item of a list that has one line per item. */
function intoList(text: string, list: string, item: string): string | null {
  const found = new RegExp(`^${list}:\\n(?: {2}- .+\\n)+`, 'm').exec(text);
  if (!found) return null;
  const end = found.index + found[0].length;
  return `${text.slice(0, end)}  - ${item}\n${text.slice(end)}`;
}

function toScrape(text: string, app: string, httpPort: number): string | null {
  const found = /^ +- targets:\n(?:( +)- .+\n)+/m.exec(text);
  if (!found) return null;
  const end = found.index + found[0].length;
  return `${text.slice(0, end)}${found[1]}- ${app}:${httpPort}\n${text.slice(end)}`;
}

function compose(app: string): string {
  return `  ${app}-migrate:
    image: omnibus/${app}:\${TAG:-dev}
    command: [--migrate]
    environment: { <<: *settings }
    depends_on: *migrated
  ${app}:
    <<: *app
    image: omnibus/${app}:\${TAG:-dev}
    environment: { <<: *settings }
    depends_on:
      ${app}-migrate: { condition: service_completed_successfully }

`;
}

function migration(app: string): string {
  return `---
apiVersion: batch/v1
kind: Job
metadata:
  name: ${app}-migrate
spec:
  backoffLimit: 6
  ttlSecondsAfterFinished: 86400
  template:
    metadata: { labels: { app: ${app}-migrate } }
    spec:
      restartPolicy: OnFailure
      containers:
        - name: app
          image: omnibus/${app}
          args: [--migrate]
          envFrom:
            - configMapRef: { name: omnibus }
            - secretRef: { name: omnibus-database }
`;
}

function budget(app: string): string {
  return `---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: ${app}
spec:
  maxUnavailable: 1
  selector: { matchLabels: { app: ${app} } }
`;
}
