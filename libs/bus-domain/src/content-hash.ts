import { hash } from 'node:crypto';

/**
 * SHA-256 of what makes two events with one message id the same: type, key and payload bytes as stored.
 * The due time is no part of it: a repeat may name another one.
 */
export function contentHash(type: string, key: string | null, payload: string | Uint8Array): Buffer {
  // One call is several times cheaper than a Hash object; a marker tells "no key" from an empty one.
  const before = key === null ? `${type}\0\0` : `${type}\0\u0001${key}\0`;
  const content =
    typeof payload === 'string' ? before + payload : Buffer.concat([Buffer.from(before), payload]);
  // As hex first: the hash's own buffer would be memory outside the heap, dearer to make and to collect than both.
  return Buffer.from(hash('sha256', content, 'hex'), 'hex');
}
