import { resolve } from 'node:path';

/** The workspace's root, absolute. */
export const ROOT = resolve(__dirname, '../../../..');
