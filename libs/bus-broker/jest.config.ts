export default { displayName: 'bus-broker', preset: '../../jest.preset.js', rootDir: '.' };
