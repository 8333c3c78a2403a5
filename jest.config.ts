import type { Config } from 'jest';

/** `npx jest` at the root runs every project in one process pool: one PostgreSQL, two workers. */
export default {
  projects: [
    '<rootDir>/apps/*/jest.config.ts',
    '<rootDir>/libs/*/jest.config.ts',
    '<rootDir>/tools/*/jest.config.ts',
  ],
  maxWorkers: 2,
  // Races run hundreds of rounds on a real database; a busy machine must not fail them.
  testTimeout: 60_000,
} satisfies Config;
