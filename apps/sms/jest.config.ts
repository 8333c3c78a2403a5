export default { displayName: 'sms', preset: '../../jest.preset.js', rootDir: '.' };
