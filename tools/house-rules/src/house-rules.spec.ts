import { descriptionFaults, envExample, presetOf } from './env-example';
import { exportedNames, fileNameFault, unusedWord } from './file-name';
import { loadEndpointNames, loadSettings } from './load-settings';
import { projectsOf, shippedApps } from './projects';
import { filesOfTree, textOf } from './tree';

const LAYERS = ['contract', 'domain', 'adapter', 'shell', 'kit', 'app', 'web', 'tool'];
const CODE_LINES = 250;
/** A spec tells one behaviour after the other and is read in pieces. */
const SPEC_LINES = 400;
/** Files that may be longer, each with its reason. Migrations are not counted: they are written once. */
const LONGER: Record<string, string> = {
  'libs/bus-broker/src/kafka/kafka-subscriber.ts': 'one life cycle: join, read, pause, crash, leave',
};
const BINARY = /\.(?:png|ico|jpg|svg|woff2?|gz|tgz|jar|pdf)$/;

const files = filesOfTree();
const code = files.filter((file) => /^(?:apps|libs|tools)\/.*\.ts$/.test(file));
const projects = projectsOf(files);

describe('Names', () => {
  it('are kebab-case with a suffix of the closed list, and no drawers', () => {
    const faults = code.map((file) => [file, fileNameFault(file)]).filter(([, fault]) => fault !== null);
    expect(faults).toEqual([]);
  });

  it('use the words of the glossary', () => {
    const faults = code.flatMap((file) =>
      exportedNames(textOf(file)).flatMap((name) => (unusedWord(name) ? [`${file}: ${name}`] : [])),
    );
    expect(faults).toEqual([]);
  });

  it('have no I in front of an interface', () => {
    const faults = code.filter((file) => /^export interface I[A-Z][a-z]/m.test(textOf(file)));
    expect(faults).toEqual([]);
  });
});

describe('Files', () => {
  it(`have at most ${CODE_LINES} lines, specs ${SPEC_LINES}`, () => {
    const faults = code
      .filter((file) => !file.includes('/migrations/') && !(file in LONGER))
      .map((file) => ({ file, lines: textOf(file).split('\n').length - 1 }))
      .filter(({ file, lines }) => lines > (/spec\.ts$/.test(file) ? SPEC_LINES : CODE_LINES));
    expect(faults).toEqual([]);
  });

  it('name no path of the machine that they were written on', () => {
    const path = /(?<![\w.~-])\/(?:work\/(?:main|shared)|home\/\w+|Users\/\w+|root\/\w+)/;
    const faults = files.filter((file) => !BINARY.test(file) && path.test(textOf(file)));
    expect(faults.filter((file) => !file.startsWith('tools/house-rules/'))).toEqual([]);
  });

  it.each([
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'LICENSE',
    'docs/glossary.md',
    'docs/runbook.md',
    '.ci/run',
  ])('%s is there and not empty', (file) => {
    expect(files).toContain(file);
    expect(textOf(file).trim()).not.toBe('');
  });
});

describe('Projects', () => {
  it('bear the name of their folder', () => {
    expect(projects.filter(({ name, folder }) => !folder.endsWith(`/${name}`))).toEqual([]);
  });

  it('have one layer tag, and apps a scope', () => {
    const faults = projects.filter(({ tags }) => {
      const layers = tags.filter((tag) => tag.startsWith('layer:'));
      const known = layers.length === 1 && LAYERS.includes((layers[0] as string).slice('layer:'.length));
      const scopes = tags.filter((tag) => tag === 'scope:bus' || tag === 'scope:consumer');
      return !known || (layers[0] === 'layer:app') !== (scopes.length === 1);
    });
    expect(faults).toEqual([]);
  });

  it('have a tsconfig, a Jest configuration, and the targets typecheck, lint and test', () => {
    const faults = projects.filter(
      ({ folder, targets }) =>
        !files.includes(`${folder}/tsconfig.json`) ||
        !files.includes(`${folder}/jest.config.ts`) ||
        !['typecheck', 'lint', 'test'].every((target) => target in targets),
    );
    expect(faults).toEqual([]);
  });

  it('have one index.ts per library and per testing folder, and none inside', () => {
    const indexes = code.filter((file) => file.endsWith('/index.ts') && !file.includes('/migrations/'));
    const misplaced = indexes.filter(
      (file) => !/^(?:libs|tools)\/[\w-]+\/src\/(?:testing\/)?index\.ts$/.test(file),
    );
    expect(misplaced).toEqual([]);
    const without = projects.filter(
      ({ folder }) => folder.startsWith('libs/') && !files.includes(`${folder}/src/index.ts`),
    );
    expect(without).toEqual([]);
  });

  it('pin every package to an exact version', () => {
    const { dependencies, devDependencies } = JSON.parse(textOf('package.json')) as Record<
      string,
      Record<string, string>
    >;
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+/.test(version),
    );
    expect(loose).toEqual([]);
  });
});

describe('Settings', () => {
  const settings = loadSettings(files);

  it('are all in .env.example, with unit and default (npm run env-example writes it)', () => {
    expect(textOf('.env.example')).toBe(envExample(settings, loadEndpointNames(files)));
  });

  it('each say what they are, and in which unit', () => {
    expect(descriptionFaults(settings)).toEqual([]);
  });

  it("have the ports of each project's metadata, from which npm start knows them", () => {
    const ports = (app: string) => {
      const shape = settings.find((one) => one.app === app)?.schema.shape ?? {};
      const [http, rpc] = ['HTTP_PORT', 'RPC_PORT'].map(
        (name) => shape[name] && Number(presetOf(shape[name])),
      );
      return { ...(http ? { http } : {}), ...(rpc ? { rpc } : {}) };
    };
    const apps = shippedApps(files);
    expect(Object.fromEntries(apps.map(({ name, ports: given }) => [name, given]))).toEqual(
      Object.fromEntries(apps.map(({ name }) => [name, ports(name)])),
    );
  });
});

describe('Shipped apps', () => {
  const apps = shippedApps(files).map(({ name }) => name);

  it.each(apps)('%s has a compose service', (app) => {
    expect(textOf('docker/compose.yml')).toMatch(new RegExp(`^  ${app}:`, 'm'));
  });

  it.each(apps)('%s has a Kubernetes manifest', (app) => {
    const manifests = files.filter((file) => /^docker\/k8s\/base\/.*\.ya?ml$/.test(file)).map(textOf);
    expect(manifests.some((text) => new RegExp(`^\\s+name: ${app}$`, 'm').test(text))).toBe(true);
  });

  it('are built by one Dockerfile that takes the app as an argument', () => {
    expect(textOf('docker/Dockerfile')).toMatch(/^ARG APP$/m);
  });
});
