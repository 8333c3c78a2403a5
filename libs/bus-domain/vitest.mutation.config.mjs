// The same specs under Vitest, for `npm run mutation` alone: it stays loaded between thousands of mutants, where Jest
// starts anew for each.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('../..'),
  resolve: {
    alias: {
      '@bus/contracts': here('../bus-contracts/src/index.ts'),
      'fast-check': here('vitest.mutation.fast-check.mjs'),
    },
  },
  test: {
    globals: true,
    include: ['libs/bus-domain/src/**/*.spec.ts'],
    pool: 'threads',
    testTimeout: 5000,
  },
});
