import { pointsFor } from './points-for';

describe(pointsFor.name, () => {
  it.each([
    [0, 0],
    [99, 0],
    [100, 1],
    [199, 1],
    [9_900, 99],
    [Number.MAX_SAFE_INTEGER, 90_071_992_547_409],
  ])('gives one point per whole dollar: %i cents are %i points', (amountCents, points) => {
    expect(pointsFor(amountCents)).toBe(points);
  });
});
