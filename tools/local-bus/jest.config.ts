export default {
  displayName: 'local-bus',
  preset: '../../jest.preset.js',
  rootDir: '.',
  testMatch: ['<rootDir>/{src,demo}/**/*.spec.ts'],
};
