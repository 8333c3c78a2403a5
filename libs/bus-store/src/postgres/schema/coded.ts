import type { ValueTransformer } from 'typeorm';

/** A closed union that is stored as the index of its list (smallint): short rows, and new values go at the end. */
export function coded(values: readonly string[]): ValueTransformer {
  return {
    to: (value: string | null | undefined) => (value == null ? value : values.indexOf(value)),
    from: (index: number | null) => (index === null ? null : values[index]),
  };
}
