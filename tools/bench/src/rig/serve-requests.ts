/** Within a contender's process: answers each message by its kind, says that it is ready, and ends when it is told to. */
export function serveRequests(answers: Record<string, (request: never) => Promise<object>>): void {
  process.on('message', (request: { kind: string }) => {
    if (request.kind === 'stop') return process.disconnect();
    answers[request.kind]?.(request as never).then((answer) => process.send?.(answer), requestFailed);
  });
  process.once('disconnect', () => process.exit());
  process.send?.({ kind: 'ready', settings: {}, versions: {} });
}

/** Nest rejects with the error's object as it came. */
export function requestFailed(error: Error | object): void {
  const message = error instanceof Error ? error.stack : JSON.stringify(error);
  process.send?.({ kind: 'failed', message });
}
