import { isCleanText } from './clean-text';

describe(isCleanText.name, () => {
  it.each(['', 'a', '订单', '😀', 'a\u0001'])('takes %j', (text) => {
    expect(isCleanText(text)).toBe(true);
  });

  it.each(['a\0', '\ud83d', 'a\ude00b', '\ude00\ud83d', '\ud83d\ud83d\ude00'])('refuses %j', (text) => {
    expect(isCleanText(text)).toBe(false);
  });
});
