export default { displayName: 'bus-console', preset: '../../jest.preset.js', rootDir: '.' };
