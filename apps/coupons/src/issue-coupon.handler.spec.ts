import { operationConformance } from '@bus/consumer-kit/testing';
import type { DataSource } from 'typeorm';
import { CouponRepository } from './coupon.repository';
import { IssueCoupon } from './issue-coupon.handler';
import { orderPaidRequest } from './testing/order-paid-request';
import { startTestDataSource } from './testing/test-data-source';

operationConformance({
  title: IssueCoupon.name,
  async setup() {
    const { dataSource, stop } = await startTestDataSource();
    return {
      handler: new IssueCoupon(dataSource, new CouponRepository(), 'thank-you'),
      dataSource,
      request: orderPaidRequest,
      effects: () => dataSource.getRepository('coupon').count(),
      close: stop,
    };
  },
});

describe(IssueCoupon.name, () => {
  let dataSource: DataSource;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    ({ dataSource, stop } = await startTestDataSource());
  });
  afterAll(() => stop());

  const handlerFor = (templateId: string) => new IssueCoupon(dataSource, new CouponRepository(), templateId);
  const addTemplate = (templateId: string, columns: object) =>
    dataSource
      .getRepository('coupon_template')
      .insert({ templateId, name: templateId, stock: 1, expiresAfterDays: 30, ...columns });

  it('hands on code, discount and expiry of the coupon that the customer now owns', async () => {
    const result = await handlerFor('thank-you').execute(orderPaidRequest());
    expect(result).toEqual({
      status: 'completed',
      output: {
        code: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/),
        discountCents: 500,
        expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      },
    });
    const { code } = (result as { output: { code: string } }).output;
    expect(await dataSource.getRepository('coupon').findOneBy({ code })).toMatchObject({
      owner: 'user-7',
      orderId: '1001',
      template: 'thank-you',
    });
  });

  it('hands on a discount in percent in place of cents', async () => {
    await addTemplate('percent', { discountPercent: 15 });
    const result = await handlerFor('percent').execute(orderPaidRequest());
    expect(result).toMatchObject({ output: { discountPercent: 15 } });
    expect(result).not.toHaveProperty('output.discountCents');
  });

  it('answers a repeat with the coupon of the first call and takes nothing more from stock', async () => {
    await addTemplate('repeat', { discountCents: 100, stock: 2 });
    const request = orderPaidRequest();
    const first = await handlerFor('repeat').execute(request);
    const second = await handlerFor('repeat').execute({ ...request, attempt: 2 });
    expect(second).toEqual({ ...first, duplicate: true });
    expect(
      await dataSource.getRepository('coupon_template').findOneBy({ templateId: 'repeat' }),
    ).toMatchObject({ stock: 1 });
  });

  it.each([
    ['out_of_stock', 'sold-out', { discountCents: 100, stock: 0 }],
    ['template_expired', 'past', { discountCents: 100, validUntil: new Date('2020-01-01') }],
  ])('rejects with %s and says what to do', async (code, templateId, columns) => {
    await addTemplate(templateId, columns);
    expect(await handlerFor(templateId).execute(orderPaidRequest())).toEqual({
      status: 'rejected',
      code,
      reason: expect.stringMatching(`"${templateId}".*replay`),
    });
  });

  it('rejects a template that does not exist', async () => {
    expect(await handlerFor('no-such').execute(orderPaidRequest())).toMatchObject({
      status: 'rejected',
      code: 'unknown_template',
    });
  });

  it('issues at a replay, once stock has been added after a rejection', async () => {
    await addTemplate('refilled', { discountCents: 100, stock: 0 });
    const request = orderPaidRequest();
    expect(await handlerFor('refilled').execute(request)).toMatchObject({ code: 'out_of_stock' });
    await dataSource.getRepository('coupon_template').update({ templateId: 'refilled' }, { stock: 1 });
    const replay = await handlerFor('refilled').execute({ ...request, attempt: 2 });
    expect(replay).toMatchObject({ status: 'completed', output: { discountCents: 100 } });
    expect(replay).not.toHaveProperty('duplicate');
  });
});
