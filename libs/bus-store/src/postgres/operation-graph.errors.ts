import { BusError, type Fault } from '@bus/contracts';

/** Graphs that must not become active. Nothing was written but the audit entries. */
export class FaultyGraphError extends BusError {
  constructor(readonly allFaults: readonly Fault[]) {
    super({
      code: 'unprocessable',
      message: 'the operations cannot be activated; nothing was changed',
      faults: allFaults,
    });
  }
}
