export default {
  displayName: 'bench',
  preset: '../../jest.preset.js',
  rootDir: '.',
  modulePathIgnorePatterns: ['<rootDir>/peers'],
};
