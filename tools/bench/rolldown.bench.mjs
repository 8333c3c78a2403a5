// What the bench runs beside the apps' own bundles, each as one file: it starts several times faster than from TypeScript.
const shared = {
  platform: 'node',
  tsconfig: 'tsconfig.base.json',
  external: (id) => !/^(\.|\/|\0|@bus\/|@oxc-project\/)/.test(id),
};
const output = (name) => ({
  file: `dist/tools/bench/${name}.js`,
  format: 'cjs',
  sourcemap: true,
  keepNames: true,
  codeSplitting: false,
});

export default ['bus', 'downstream', 'stock-downstream', 'stock-caller', 'hop-probe'].map((name) => ({
  ...shared,
  input: `tools/bench/src/${name}/main.ts`,
  output: output(name),
}));
