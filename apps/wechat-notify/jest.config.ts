export default { displayName: 'wechat-notify', preset: '../../jest.preset.js', rootDir: '.' };
