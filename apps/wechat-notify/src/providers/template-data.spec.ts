import { templateData } from './template-data';

const values = { order: '1001', amount: '99.05', coupon: '7K3M-9QXT-2HVB' };

describe(templateData.name, () => {
  it("puts each value into the template's own field and leaves out what the template has no field for", () => {
    expect(templateData({ order: 'character_string1', coupon: 'thing3' }, values)).toEqual({
      character_string1: { value: '1001' },
      thing3: { value: '7K3M-9QXT-2HVB' },
    });
  });

  it('cuts a value to what its kind of field takes, never through a character', () => {
    const order = '单'.repeat(19) + '😀😀';
    expect(templateData({ order: 'thing1' }, { ...values, order }).thing1.value).toBe('单'.repeat(19) + '😀');
    expect(templateData({ order: 'character_string1' }, { ...values, order: '9'.repeat(40) })).toEqual({
      character_string1: { value: '9'.repeat(32) },
    });
  });

  it('leaves the values of other kinds of field whole', () => {
    expect(
      templateData({ order: 'keyword1' }, { ...values, order: '9'.repeat(40) }).keyword1.value,
    ).toHaveLength(40);
  });
});
