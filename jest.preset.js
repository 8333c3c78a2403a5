const nx = require('@nx/jest/preset').default;

/** Shared by every project: SWC transform, Nx resolver (tsconfig paths), one PostgreSQL for the whole run. */
module.exports = {
  ...nx,
  testEnvironment: 'node',
  testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/src/**/*.e2e-spec.ts'],
  globalSetup: require.resolve('./tools/house-rules/jest/global-setup.js'),
  globalTeardown: require.resolve('./tools/house-rules/jest/global-teardown.js'),
  transform: {
    '^.+\\.[cm]?[tj]s$': [
      '@swc/jest',
      {
        swcrc: false,
        module: { type: 'commonjs' },
        jsc: {
          target: 'es2022',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
      },
    ],
  },
};
