import { entryName, handlerName, nameOf } from './names';

describe(nameOf, () => {
  it('writes one name in every way, and keeps capitals inside of words', () => {
    expect(nameOf('gift-card.soldOut')).toEqual({
      kebab: 'gift-card-soldout',
      camel: 'giftCardSoldOut',
      pascal: 'GiftCardSoldOut',
      snake: 'gift_card_soldout',
      constant: 'GIFT_CARD_SOLDOUT',
    });
  });
});

describe(handlerName, () => {
  it.each([
    ['refunds.issue', 'issue-refund'],
    ['coupons.issue', 'issue-coupon'],
    ['wechat.notify', 'notify-wechat'],
    ['sms.remind-payment', 'remind-payment'],
    ['entries.write', 'write-entry'],
    ['addresses.check', 'check-address'],
    ['status.publish', 'publish-status'],
    ['shop.orders.close', 'close-order'],
  ])('calls the work of %s %s', (operation, name) => expect(handlerName(operation).kebab).toBe(name));
});

describe(entryName, () => {
  it('is no reserved word of SQL, even where the app is', () => {
    expect(entryName('orders').snake).toBe('order_entry');
    expect(entryName('user').snake).toBe('user_entry');
  });
});
