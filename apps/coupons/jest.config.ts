export default { displayName: 'coupons', preset: '../../jest.preset.js', rootDir: '.' };
