import { SeededRandom } from '../random';
import { answerFault } from './body-attack';
import { hostileFrame } from './hostile-frames';
import { goodEvent, spoiltJson } from './hostile-text';

describe('hostile input', () => {
  it('follows from the seed alone', () => {
    const frames = (seed: number) => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 50 }, (_, at) => hostileFrame(random, at).toString('hex'));
    };
    expect(frames(1)).toEqual(frames(1));
    expect(frames(1)).not.toEqual(frames(2));
  });

  it('is of many kinds: no JSON, JSON that is no request, and now and then a good one', () => {
    const random = new SeededRandom(3);
    const texts = Array.from({ length: 500 }, () => spoiltJson(goodEvent('m-1'), random));
    const parses = texts.filter((text) => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    }).length;
    expect(parses).toBeGreaterThan(50);
    expect(parses).toBeLessThan(450);
  });
});

describe(answerFault, () => {
  const refusal = (outcome: string) =>
    JSON.stringify({ error: { code: 'invalid', message: 'a fault', outcome, faults: [] } });

  it.each([
    [202, '{}', null],
    [400, refusal('not_accepted'), null],
    [503, refusal('unknown'), null],
    [500, refusal('unknown'), 'answered 500'],
    [400, refusal('unknown'), '400 says outcome unknown'],
    [400, '<html>', '400 is no JSON'],
    [400, '{"error":{}}', '400 has no error code or message'],
    [400, JSON.stringify({ error: { message: 'at run (/app/main.js:1:2)' } }), '400 shows a stack trace'],
  ])('judges %i %s as %p', (status, text, fault) => {
    expect(answerFault(status, text)).toBe(fault);
  });
});
