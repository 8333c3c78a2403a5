export default { displayName: 'bus-contracts', preset: '../../jest.preset.js', rootDir: '.' };
