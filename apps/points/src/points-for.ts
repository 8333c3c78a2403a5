/**
 * Points for a paid order: one per whole dollar.
 * @param amountCents whole cents, ≥ 0
 * @returns whole points, 0 below 100 cents
 */
export function pointsFor(amountCents: number): number {
  return Math.floor(amountCents / 100);
}
