/** Peers remembered at once: a scan from many addresses does not fill memory. */
const MAX_PEERS = 1_000;

/** At most so many log lines per peer and second, so that a broken peer cannot fill the disk. */
export class PeerLogLimit {
  private readonly windows = new Map<string, { startMs: number; lines: number }>();

  constructor(private readonly linesPerSecond = 10) {}

  /** May this line be written? @param nowMs a monotonic clock */
  allows(peer: string, nowMs: number): boolean {
    const window = this.windows.get(peer);
    if (!window || nowMs - window.startMs >= 1_000) {
      if (!window && this.windows.size >= MAX_PEERS) this.windows.clear();
      this.windows.set(peer, { startMs: nowMs, lines: 1 });
      return true;
    }
    window.lines += 1;
    return window.lines <= this.linesPerSecond;
  }
}
