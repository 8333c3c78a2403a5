export default { displayName: 'consumer-kit', preset: '../../jest.preset.js', rootDir: '.' };
