export default { displayName: 'app-shell', preset: '../../jest.preset.js', rootDir: '.' };
