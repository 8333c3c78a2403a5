import type { QueryConfig, QueryResult } from 'pg';

export type Send = (query: QueryConfig) => Promise<QueryResult>;

/** Stands between a repository and the driver: sends a statement as it is, another one, or answers by itself. */
export interface Bend {
  through(query: QueryConfig, send: Send): Promise<QueryResult>;
  /** @throws BendMissedError if what it bends has never come by: it proves nothing then */
  assertUsed(): void;
}

/** A statement is not what this plant was written for: the product has changed, and the plant has to follow. */
export class BendMissedError extends Error {
  constructor(what: string) {
    super(`${what}: the product's SQL has changed; write this plant anew`);
    this.name = 'BendMissedError';
  }
}

/** Replaces a piece of one statement's text. @param statement its prepared name, or how that begins */
export function bendText(statement: string, piece: string, instead: string): Bend {
  let used = 0;
  return {
    through(query, send) {
      if (!query.name?.startsWith(statement)) return send(query);
      if (!query.text.includes(piece))
        throw new BendMissedError(`'${query.name}' does not hold '${piece.trim()}'`);
      used += 1;
      return send({ ...query, name: `${query.name}~bent`, text: query.text.replaceAll(piece, instead) });
    },
    assertUsed() {
      if (used === 0) throw new BendMissedError(`no statement '${statement}' came by`);
    },
  };
}

/** Several as one: the first is nearest to the repository. */
export function bends(all: readonly Bend[]): Bend {
  return {
    through: (query, send) =>
      all.reduceRight<Send>((next, bend) => (bent) => bend.through(bent, next), send)(query),
    assertUsed: () => all.forEach((bend) => bend.assertUsed()),
  };
}
