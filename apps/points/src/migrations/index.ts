import { Ledger1767225600001 } from './0001-ledger';

/** In order. Listed by hand: globs find nothing in a bundle. */
export const MIGRATIONS = [Ledger1767225600001];
