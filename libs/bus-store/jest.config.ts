export default { displayName: 'bus-store', preset: '../../jest.preset.js', rootDir: '.' };
