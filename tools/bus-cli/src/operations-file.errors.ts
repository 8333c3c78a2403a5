/** One fault of an operations file, with its place: `apps/points/operations.yaml:3`. */
export interface FileFault {
  at: string;
  message: string;
}

/** Faults of operations files: all of them, each with file and line. */
export class OperationsFileError extends Error {
  constructor(readonly faults: readonly FileFault[]) {
    super(
      [
        `The operations have ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}; nothing was changed:`,
        ...faults.map(({ at, message }) => `  ${at}: ${message}`),
      ].join('\n'),
    );
    this.name = 'OperationsFileError';
  }
}
