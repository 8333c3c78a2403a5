// Moves this process's wall clock by PROOF_CLOCK_OFFSET_MS, drifting by PROOF_CLOCK_DRIFT_PPM millionths of the time
// that passes. Its monotonic clock stays true, as on a machine whose clock was set wrong.
const offsetMs = Number(process.env.PROOF_CLOCK_OFFSET_MS || 0);
const drift = Number(process.env.PROOF_CLOCK_DRIFT_PPM || 0) / 1e6;
if (offsetMs !== 0 || drift !== 0) {
  const Real = Date;
  const startedMs = performance.now();
  const now = () => Math.round(Real.now() + offsetMs + (performance.now() - startedMs) * drift);
  class SkewedDate extends Real {
    constructor(...args) {
      if (args.length === 0) super(now());
      else super(...args);
    }
    static now() {
      return now();
    }
  }
  globalThis.Date = SkewedDate;
}
