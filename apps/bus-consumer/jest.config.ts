export default { displayName: 'bus-consumer', preset: '../../jest.preset.js', rootDir: '.' };
