import { Coupons1767225600001 } from './0001-coupons';

/** In order. Listed by hand: globs find nothing in a bundle. */
export const MIGRATIONS = [Coupons1767225600001];
