export default { displayName: 'bus-client', preset: '../../jest.preset.js', rootDir: '.' };
