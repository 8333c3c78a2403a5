import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { History, readHistory } from './history';

describe(History, () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'history-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('gives back each call with its place among all beginnings and answers', () => {
    const history = new History(join(folder, 'history.jsonl'));
    const publish = {
      call: 'publish' as const,
      event: 's m',
      type: 't',
      key: null,
      content: 'c',
      deliverAtMs: null,
    };
    const first = history.invoke(publish);
    const second = history.invoke({ call: 'cancel', event: 's m' });
    history.answered(second, 'ok', 'cancelled');
    history.fault('kill consumer-1');
    history.answered(first, 'info', 'unknown');
    const third = history.invoke({ call: 'reschedule', event: 's m', deliverAtMs: 5 });
    history.close();
    expect(third).toBe(3);
    expect(readHistory(history.path)).toEqual({
      publishes: [
        {
          event: 's m',
          type: 't',
          key: null,
          content: 'c',
          deliverAtMs: null,
          invokedOrder: 1,
          answeredOrder: 4,
          answer: 'unknown',
        },
      ],
      cancels: [{ event: 's m', invokedOrder: 2, answeredOrder: 3, answer: 'cancelled' }],
      reschedules: [{ event: 's m', deliverAtMs: 5, invokedOrder: 5, answeredOrder: null, answer: null }],
    });
  });
});
