import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerName, PartResult } from '../layer';

/** A finished part, and the code it speaks of. */
export interface KeptPart {
  layer: LayerName;
  commit: string;
  result: PartResult;
}

/**
 * What a run has finished, a JSON line each, written as it comes: a run that was stopped goes on behind its last whole
 * line. One folder per tier and seed.
 */
export class RunState {
  private readonly file: string;
  private readonly parts: KeptPart[];

  /** @param takes whether a part that an earlier run has left counts; default: it does */
  constructor(dir: string, takes: (part: KeptPart) => boolean = () => true) {
    mkdirSync(dir, { recursive: true });
    this.file = join(dir, 'parts.jsonl');
    this.parts = this.read().filter(takes);
  }

  /** All of it is forgotten. */
  static forget(dir: string): void {
    rmSync(dir, { recursive: true, force: true });
  }

  /** By part; the newest of each. */
  of(layer: LayerName): Map<string, PartResult> {
    return new Map(
      this.parts.filter((kept) => kept.layer === layer).map(({ result }) => [result.part, result]),
    );
  }

  get all(): readonly KeptPart[] {
    return this.parts;
  }

  keep(part: KeptPart): void {
    this.parts.push(part);
    appendFileSync(this.file, `${JSON.stringify(part)}\n`);
  }

  /** A line that a kill has cut is no part. */
  private read(): KeptPart[] {
    if (!existsSync(this.file)) return [];
    return readFileSync(this.file, 'utf8')
      .split('\n')
      .flatMap((line) => {
        try {
          return line === '' ? [] : [JSON.parse(line) as KeptPart];
        } catch {
          return [];
        }
      });
  }
}
