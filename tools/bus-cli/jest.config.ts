export default { displayName: 'bus-cli', preset: '../../jest.preset.js', rootDir: '.' };
