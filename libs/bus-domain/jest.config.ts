export default { displayName: 'bus-domain', preset: '../../jest.preset.js', rootDir: '.' };
