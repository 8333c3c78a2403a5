import { freshRandom } from './fresh-random';

describe(freshRandom.name, () => {
  it('gives 16 bytes that nobody else gets, beyond one draw', () => {
    const drawn = Array.from({ length: 1000 }, freshRandom);
    expect(new Set(drawn.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(1000);
    expect(drawn.every((bytes) => bytes.length === 16)).toBe(true);
  });
});
