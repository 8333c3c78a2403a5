import { PeerLogLimit } from './peer-log-limit';

const countOf = (limit: PeerLogLimit, peer: string, lines: number, nowMs: number) =>
  Array.from({ length: lines }, () => limit.allows(peer, nowMs)).filter(Boolean).length;

describe(PeerLogLimit.name, () => {
  it('allows ten lines per peer and second', () => {
    const limit = new PeerLogLimit();
    expect(countOf(limit, '10.0.0.1', 500, 0)).toBe(10);
    expect(countOf(limit, '10.0.0.1', 500, 999)).toBe(0);
    expect(countOf(limit, '10.0.0.1', 500, 1_000)).toBe(10);
  });

  it('counts each peer for itself', () => {
    const limit = new PeerLogLimit(1);
    expect(countOf(limit, '10.0.0.1', 2, 0)).toBe(1);
    expect(countOf(limit, '10.0.0.2', 2, 0)).toBe(1);
  });

  it('remembers a thousand peers and no more, and still limits each', () => {
    const limit = new PeerLogLimit(1);
    for (let peer = 0; peer < 5_000; peer++) expect(limit.allows(`peer-${peer}`, 0)).toBe(true);
    expect((limit as unknown as { windows: Map<string, unknown> }).windows.size).toBeLessThanOrEqual(1_000);
    expect(limit.allows('peer-4999', 0)).toBe(false);
  });
});
