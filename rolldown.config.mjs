// One configuration for every Node app. Nx names the project in NX_TASK_TARGET_PROJECT.
const app = process.env.NX_TASK_TARGET_PROJECT;
if (!app) throw new Error('Build through Nx: npx nx build <app>');

export default {
  input: `apps/${app}/src/main.ts`,
  platform: 'node',
  tsconfig: 'tsconfig.base.json',
  // Bundle our own code and the decorator helper only; packages stay in node_modules.
  external: (id) => !/^(\.|\/|\0|@bus\/|@oxc-project\/)/.test(id),
  output: { file: `dist/apps/${app}/main.js`, format: 'cjs', sourcemap: true, keepNames: true },
};
