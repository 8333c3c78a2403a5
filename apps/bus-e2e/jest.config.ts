export default { displayName: 'bus-e2e', preset: '../../jest.preset.js', rootDir: '.' };
