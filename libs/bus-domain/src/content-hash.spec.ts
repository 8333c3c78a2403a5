import { createHash } from 'node:crypto';
import { contentHash } from './content-hash';

describe(contentHash.name, () => {
  it('is the same for text and for its UTF-8 bytes', () => {
    expect(contentHash('order.paid', 'k', '{"名":"é"}')).toEqual(
      contentHash('order.paid', 'k', Buffer.from('{"名":"é"}')),
    );
  });

  it('is SHA-256 over type, key and payload with separators, for other languages to follow', () => {
    const withKey = createHash('sha256').update(Buffer.from('t\0\u0001k\0{}')).digest();
    const without = createHash('sha256').update(Buffer.from('t\0\0{}')).digest();
    expect(contentHash('t', 'k', '{}')).toEqual(withKey);
    expect(contentHash('t', null, '{}')).toEqual(without);
  });

  it('differs where type, key, absence of a key or payload differ', () => {
    const hashes = [
      contentHash('t', 'k', '{}'),
      contentHash('u', 'k', '{}'),
      contentHash('t', 'l', '{}'),
      contentHash('t', null, '{}'),
      contentHash('t', '', '{}'),
      contentHash('t', 'k', '{ }'),
    ].map((hash) => hash.toString('hex'));
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
