export default { displayName: 'proof', preset: '../../jest.preset.js', rootDir: '.' };
