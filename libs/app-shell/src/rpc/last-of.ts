import type { Observable } from 'rxjs';

/** The last value of a stream: what a handler that answers with one has to say. `undefined` for an empty one. */
export function lastOf(stream: Observable<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let last: unknown;
    stream.subscribe({
      next: (value) => (last = value),
      error: reject,
      complete: () => resolve(last),
    });
  });
}
