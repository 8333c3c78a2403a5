export default { displayName: 'bus-producer', preset: '../../jest.preset.js', rootDir: '.' };
