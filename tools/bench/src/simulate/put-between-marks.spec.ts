import { putBetweenMarks } from './put-between-marks';

describe(putBetweenMarks, () => {
  it('replaces what stands between the marks, and nothing else', () => {
    expect(putBetweenMarks('a\n<!-- simulate -->\nold\n<!-- /simulate -->\nb', 'costs $1 and $&')).toBe(
      'a\n<!-- simulate -->\n\ncosts $1 and $&\n\n<!-- /simulate -->\nb',
    );
  });

  it('refuses a page without them', () => {
    expect(() => putBetweenMarks('<!-- simulate -->', 'new')).toThrow('has no <!-- simulate -->');
  });
});
