export default { displayName: 'kafka-dev', preset: '../../jest.preset.js', rootDir: '.' };
