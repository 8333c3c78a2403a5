import { expectedOf, readPurchases, toEvent, toPurchase } from './purchases';

describe(readPurchases.name, () => {
  it('reads every purchase of the file, to the figures that its source note gives', () => {
    expect(expectedOf(readPurchases())).toEqual({
      events: 6_919,
      accounts: 2_357,
      points: 239_444,
      coupons: 1_335,
      couponsSkipped: 5_584,
      messages: 6_919,
      accountsAtZero: 8,
    });
  });

  it('gives lines that are alike different message ids', () => {
    const ids = readPurchases().map((purchase) => toEvent(purchase).messageId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('names a line that is no purchase', () => {
    expect(() => toPurchase(' 00004 0001 19970101  2', 6)).toThrow('line 7');
  });
});
