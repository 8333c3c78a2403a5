import nx from '@nx/eslint-plugin';
import importX from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import prettier from 'eslint-config-prettier';

/** Who may import whom (docs/architecture.md, "Walls"). The layer is a tag in each project.json. */
const walls = [
  {
    sourceTag: 'layer:contract',
    onlyDependOnLibsWithTags: ['layer:contract'],
    allowedExternalImports: ['zod'],
  },
  {
    sourceTag: 'layer:domain',
    onlyDependOnLibsWithTags: ['layer:contract', 'layer:domain'],
    allowedExternalImports: ['jsonata', 'uuid', 'fast-check', 'cloudevents'],
  },
  {
    sourceTag: 'layer:adapter',
    onlyDependOnLibsWithTags: ['layer:contract', 'layer:domain', 'layer:tool'],
  },
  {
    sourceTag: 'layer:shell',
    onlyDependOnLibsWithTags: ['layer:contract'],
    bannedExternalImports: ['typeorm', 'kafkajs', 'pg'],
  },
  {
    sourceTag: 'layer:kit',
    onlyDependOnLibsWithTags: ['layer:contract', 'layer:shell', 'layer:kit', 'layer:tool'],
    bannedExternalImports: ['kafkajs', 'pg'],
  },
  {
    sourceTag: 'scope:bus',
    onlyDependOnLibsWithTags: [
      'layer:contract',
      'layer:domain',
      'layer:adapter',
      'layer:shell',
      'layer:tool',
    ],
    bannedExternalImports: ['kafkajs'],
  },
  {
    sourceTag: 'scope:consumer',
    onlyDependOnLibsWithTags: ['layer:contract', 'layer:shell', 'layer:kit', 'layer:tool'],
    bannedExternalImports: ['kafkajs'],
  },
  {
    sourceTag: 'layer:tool',
    onlyDependOnLibsWithTags: [
      'layer:contract',
      'layer:domain',
      'layer:adapter',
      'layer:shell',
      'layer:kit',
      'layer:tool',
    ],
  },
];

const TIME_IS_AN_ARGUMENT = 'Time and randomness are arguments in bus-domain: f(data, now, random).';
const SETTINGS_HAVE_ONE_DOOR =
  'Read the environment in a *.config.ts or env-reader.ts only; pass typed options on.';
const tests = [
  '**/*.spec.ts',
  '**/*.e2e-spec.ts',
  '**/testing/**',
  'apps/bus-e2e/**',
  'tools/**',
  '**/jest.config.ts',
];

export default [
  { ignores: ['**/dist/**', '**/node_modules/**', '**/.data/**', '**/coverage/**', '.nx/**', '**/*.gen.ts'] },
  ...nx.configs['flat/base'],
  ...nx.configs['flat/typescript'],
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    // Without these three settings no-cycle finds nothing and says nothing.
    settings: {
      'import-x/extensions': ['.ts', '.tsx'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
      'import-x/resolver-next': [
        createTypeScriptImportResolver({ alwaysTryTypes: true, project: 'tsconfig.base.json' }),
      ],
    },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          depConstraints: walls,
          enforceBuildableLibDependency: false,
          // Two tools alone: tools/proof simulates the real stages, tools/bench measures them (apps are imported by nobody else).
          allow: [
            '^(\\.\\./)+apps/bus-consumer/src/(simulation|embedding)$',
            '^(\\.\\./)+apps/bus-producer/src/embedding$',
          ],
        },
      ],
      'import-x/no-cycle': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'off', // would turn injected classes into types and break Nest
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['@bus/*/src/*'], message: 'Import the library by its name, never its inside.' },
          ],
        },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: SETTINGS_HAVE_ONE_DOOR },
      ],
    },
  },
  { files: ['**/*.config.ts', '**/env-reader.ts', ...tests], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['libs/bus-domain/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: TIME_IS_AN_ARGUMENT },
        { object: 'Math', property: 'random', message: TIME_IS_AN_ARGUMENT },
        { object: 'process', property: 'env', message: SETTINGS_HAVE_ONE_DOOR },
      ],
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'setImmediate'],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: TIME_IS_AN_ARGUMENT },
      ],
    },
  },
  {
    // Publishing depends on the broker alone: with Kafka, Postgres may be away.
    files: ['apps/bus-producer/src/publish/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['@bus/store', 'typeorm', 'pg'].map((name) => ({
            name,
            message: 'Publishing works without Postgres.',
          })),
          patterns: [{ group: ['**/control/**'], message: 'Publishing works without Postgres.' }],
        },
      ],
    },
  },
  prettier,
];
