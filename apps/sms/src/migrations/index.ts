import { Messages1767225600001 } from './0001-messages';

/** In order. Listed by hand: globs find nothing in a bundle. */
export const MIGRATIONS = [Messages1767225600001];
