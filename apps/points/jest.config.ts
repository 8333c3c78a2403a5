export default { displayName: 'points', preset: '../../jest.preset.js', rootDir: '.' };
