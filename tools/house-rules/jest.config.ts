export default { displayName: 'house-rules', preset: '../../jest.preset.js', rootDir: '.' };
