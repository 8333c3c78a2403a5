import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { LedgerRepository, type Grant } from './ledger.repository';
import { startTestDataSource } from './testing/test-data-source';

describe(LedgerRepository.name, () => {
  const ledger = new LedgerRepository();
  let dataSource: DataSource;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    ({ dataSource, stop } = await startTestDataSource());
  });
  afterAll(() => stop());

  const append = (grant: Partial<Grant>) =>
    ledger.append(dataSource.manager, {
      accountId: 'user-1',
      points: 1,
      executionId: randomUUID(),
      messageId: 'order-1-paid',
      ...grant,
    });

  it('opens an account with its first entry and adds the later ones', async () => {
    expect(await append({ accountId: 'opens', points: 99 })).toBe('99');
    expect(await append({ accountId: 'opens', points: 1 })).toBe('100');
  });

  it('writes an entry of 0 points and its account', async () => {
    expect(await append({ accountId: 'nothing', points: 0 })).toBe('0');
    const entries = await dataSource.query(
      "SELECT points, message_id FROM points.ledger_entry WHERE account_id = 'nothing'",
    );
    expect(entries).toEqual([{ points: '0', message_id: 'order-1-paid' }]);
  });

  it("keeps an account's entries in the order in which they were written", async () => {
    for (const points of [5, 3, 9]) await append({ accountId: 'ordered', points });
    const entries: { points: string }[] = await dataSource.query(
      "SELECT points FROM points.ledger_entry WHERE account_id = 'ordered' ORDER BY entry_id",
    );
    expect(entries.map(({ points }) => points)).toEqual(['5', '3', '9']);
  });

  it('refuses a second entry of one execution and leaves the balance as it was', async () => {
    const executionId = randomUUID();
    await append({ accountId: 'once', executionId });
    await expect(append({ accountId: 'once', executionId })).rejects.toThrow('ledger_entry_execution_key');
    expect(await append({ accountId: 'once' })).toBe('2');
  });

  it('loses no entry when many transactions grant to one account at once', async () => {
    await Promise.all(
      Array.from({ length: 50 }, () =>
        dataSource.transaction((manager) =>
          ledger.append(manager, {
            accountId: 'busy',
            points: 2,
            executionId: randomUUID(),
            messageId: 'm',
          }),
        ),
      ),
    );
    expect(await append({ accountId: 'busy', points: 0 })).toBe('100');
  });
});
