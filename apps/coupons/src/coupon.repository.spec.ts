import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { CouponRepository, type IssueOrder } from './coupon.repository';
import { startTestDataSource } from './testing/test-data-source';

describe(CouponRepository.name, () => {
  const coupons = new CouponRepository();
  let dataSource: DataSource;
  let stop: () => Promise<void>;
  let codes = 0;

  beforeAll(async () => {
    ({ dataSource, stop } = await startTestDataSource());
  });
  afterAll(() => stop());

  const order = (over: Partial<IssueOrder> = {}): IssueOrder => ({
    templateId: 'thank-you',
    owner: 'user-1',
    orderId: 'order-1',
    executionId: randomUUID(),
    nextCode: () => `CODE-${++codes}`,
    ...over,
  });
  const issue = (over: Partial<IssueOrder> = {}) => coupons.issue(dataSource.manager, order(over));

  async function addTemplate(templateId: string, columns: Record<string, unknown> = {}): Promise<void> {
    await dataSource.getRepository('coupon_template').insert({
      templateId,
      name: templateId,
      discountCents: 500,
      stock: 10,
      expiresAfterDays: 30,
      ...columns,
    });
  }
  async function stockOf(templateId: string): Promise<number> {
    const template = await dataSource.getRepository('coupon_template').findOneByOrFail({ templateId });
    return template['stock'];
  }

  it('ships a template with stock for a million orders', async () => {
    expect(await stockOf('thank-you')).toBe(1_000_000);
  });

  it('issues a coupon, takes it from stock and says when it expires', async () => {
    await addTemplate('issues');
    const issued = await issue({ templateId: 'issues', nextCode: () => 'THE-CODE' });
    expect(issued).toEqual({
      outcome: 'issued',
      coupon: { code: 'THE-CODE', discountCents: 500, discountPercent: null, expiresAt: expect.any(Date) },
    });
    const [row] = await dataSource.query(
      `SELECT template, owner, order_id, expires_at, expires_at - issued_at AS lives FROM coupons.coupon
       WHERE code = 'THE-CODE'`,
    );
    expect(row).toMatchObject({ template: 'issues', owner: 'user-1', order_id: 'order-1' });
    expect(row.expires_at).toEqual(issued.outcome === 'issued' && issued.coupon.expiresAt);
    expect(row.lives.days).toBeGreaterThanOrEqual(29);
    expect(await stockOf('issues')).toBe(9);
  });

  it('issues a discount in percent where the template says so', async () => {
    await addTemplate('percent', { discountCents: null, discountPercent: 15 });
    expect(await issue({ templateId: 'percent' })).toMatchObject({
      coupon: { discountCents: null, discountPercent: 15 },
    });
  });

  it.each([
    ['out_of_stock', 'sold-out', { stock: 0 }],
    ['template_expired', 'past', { validUntil: new Date('2020-01-01') }],
  ])('refuses with %s and changes nothing', async (why, templateId, columns) => {
    await addTemplate(templateId, columns);
    const before = await stockOf(templateId);
    expect(await issue({ templateId })).toEqual({ outcome: 'refused', why });
    expect(await stockOf(templateId)).toBe(before);
  });

  it('refuses a template that does not exist', async () => {
    expect(await issue({ templateId: 'no-such' })).toEqual({ outcome: 'refused', why: 'unknown_template' });
  });

  it('takes another code where the first one is taken, and one piece of stock', async () => {
    await addTemplate('collides');
    await issue({ templateId: 'collides', nextCode: () => 'TAKEN' });
    const next = ['TAKEN', 'TAKEN', 'FREE'];
    expect(await issue({ templateId: 'collides', nextCode: () => next.shift() ?? '' })).toMatchObject({
      coupon: { code: 'FREE' },
    });
    expect(await stockOf('collides')).toBe(8);
  });

  it('gives up on a random source that repeats itself, and says so', async () => {
    await issue({ nextCode: () => 'STUCK' });
    await expect(issue({ nextCode: () => 'STUCK' })).rejects.toThrow('check the random source');
  });

  it('refuses a second coupon of one execution', async () => {
    const executionId = randomUUID();
    await issue({ executionId });
    await expect(issue({ executionId })).rejects.toThrow('coupon_execution_key');
  });

  it('never issues more than the stock, however many ask at once', async () => {
    await addTemplate('contested', { stock: 20 });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () =>
        dataSource.transaction((manager) => coupons.issue(manager, order({ templateId: 'contested' }))),
      ),
    );
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(20);
    expect(outcomes.filter((refused) => 'why' in refused && refused.why === 'out_of_stock')).toHaveLength(30);
    expect(await stockOf('contested')).toBe(0);
  });
});
