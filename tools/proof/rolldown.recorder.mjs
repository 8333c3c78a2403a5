// The service of the proof as one file: it starts several times faster than from TypeScript.
export default {
  input: 'tools/proof/src/stage/recorder/main.ts',
  platform: 'node',
  tsconfig: 'tsconfig.base.json',
  external: (id) => !/^(\.|\/|\0|@bus\/|@oxc-project\/)/.test(id),
  output: { file: 'dist/tools/proof-recorder/main.js', format: 'cjs', sourcemap: true, keepNames: true },
};
