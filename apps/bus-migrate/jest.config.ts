export default { displayName: 'bus-migrate', preset: '../../jest.preset.js', rootDir: '.' };
