/**
 * Mean wait in a queue before several equal servers, in units of the mean time that one takes (M/M/c, Erlang C).
 * @param busy share of all servers' time, 0 to 1; from 1 on the queue only grows
 */
export function waitingFactor(busy: number, servers: number): number {
  if (busy >= 1) return Infinity;
  const offered = busy * servers;
  let term = 1; // offered^k / k!
  let below = 0;
  for (let k = 0; k < servers; k += 1) {
    below += term;
    term *= offered / (k + 1);
  }
  const waits = term / (1 - busy);
  return waits / (below + waits) / (servers * (1 - busy));
}
