import { LIMITS, type OperationRequest } from '@bus/contracts';
import jsonata from 'jsonata';
import { castToBoolean, quickPath, UNSURE, type QuickExpression } from './expression-quick-path';

/** What filters and mappings see of an event. */
export type ExpressionInput = OperationRequest['event'];

/** `failed`: it threw, or used up its limits. */
export type FilterVerdict = 'yes' | 'no' | 'failed';

/** `value` is JSON and replaces the payload; a `reason` is for people and names no value. */
export type MappingOutcome = { ok: true; value: unknown } | { ok: false; reason: string };

export interface ExpressionLimits {
  /** Of one evaluation, ms. Default 50: evaluation holds the event loop. */
  timeoutMs: number;
  /** Depth of calls and paths. Default 200. */
  stack: number;
  /** Items of a sequence. Default 10,000. */
  sequence: number;
  /** Compiled expressions kept. Default 2,000. */
  cached: number;
}

export const EXPRESSION_LIMITS: ExpressionLimits = {
  timeoutMs: 50,
  stack: 200,
  sequence: 10_000,
  cached: 2000,
};

/** Twice out of time, and an expression rests: it would hold the event loop again and again. */
const STRIKES = 2;
const REST_MS = 10_000;
const OUT_OF_TIME = 'D1012';

interface Compiled {
  quick: QuickExpression | null;
  full: jsonata.Expression;
  strikes: number;
  restsUntilMs: number;
}

/**
 * Runs filters and mappings (JSONata) within limits of time, depth and size, each compiled once.
 * An expression sees its event and nothing else, so asking twice gives the same answer: `$now()` and `$millis()` are
 * the event's `occurredAt`; `$random`, `$shuffle`, `$eval` and regular expressions are refused (`checkExpression`).
 */
export class Expressions {
  private readonly compiled = new Map<string, Compiled>();

  /** @param monotonicMs a clock that never goes back */
  constructor(
    private readonly monotonicMs: () => number,
    private readonly limits: ExpressionLimits = EXPRESSION_LIMITS,
  ) {}

  /** Never rejects. The result counts as JSONata's `$boolean` says; nothing at all is a no. */
  async filter(text: string, input: ExpressionInput): Promise<FilterVerdict> {
    try {
      return castToBoolean(await this.run(text, input)) ? 'yes' : 'no';
    } catch {
      return 'failed'; // recorded by the attempt that is judged for it
    }
  }

  /** Never rejects. */
  async map(text: string, input: ExpressionInput): Promise<MappingOutcome> {
    try {
      const json = JSON.stringify(await this.run(text, input));
      if (json === undefined) return { ok: false, reason: 'the mapping has no result' };
      if (Buffer.byteLength(json) > LIMITS.payloadBytes)
        return { ok: false, reason: `the mapping's result is over ${LIMITS.payloadBytes} bytes` };
      return { ok: true, value: JSON.parse(json) };
    } catch (error) {
      return { ok: false, reason: faultOf(error) };
    }
  }

  private async run(text: string, input: ExpressionInput): Promise<unknown> {
    const compiled = this.compile(text);
    if (compiled.quick) {
      const result = compiled.quick(input);
      if (result !== UNSURE) return result;
    }
    if (compiled.restsUntilMs > this.monotonicMs()) throw new RestingExpressionError();
    for (;;) {
      try {
        const result: unknown = await compiled.full.evaluate(input, bindingsFor(input));
        compiled.strikes = 0;
        return result;
      } catch (error) {
        if ((error as { code?: string }).code !== OUT_OF_TIME) throw error;
        compiled.strikes++;
        if (compiled.strikes < STRIKES) continue; // a pause of the process counts as time used: once more
        compiled.strikes = 0;
        compiled.restsUntilMs = this.monotonicMs() + REST_MS;
        throw error;
      }
    }
  }

  /** Least recently used out first. */
  private compile(text: string): Compiled {
    const known = this.compiled.get(text);
    if (known) {
      this.compiled.delete(text);
      this.compiled.set(text, known);
      return known;
    }
    const full = jsonata(text, { ...this.limits, timeout: this.limits.timeoutMs, RegexEngine: NoRegex });
    const fresh: Compiled = { quick: quickPath(full.ast()), full, strikes: 0, restsUntilMs: 0 };
    this.compiled.set(text, fresh);
    if (this.compiled.size > this.limits.cached)
      this.compiled.delete(this.compiled.keys().next().value as string);
    return fresh;
  }
}

/** Parses without running. @returns what is wrong, without values of the text; `null`: it may be activated */
export function checkExpression(text: string): string | null {
  let ast: unknown;
  try {
    ast = jsonata(text, { RegexEngine: NoRegex }).ast();
  } catch (error) {
    return `is no JSONata: ${faultOf(error)}`;
  }
  const found = forbiddenIn(ast);
  return found === null ? null : `must not use ${found}`;
}

const FORBIDDEN_FUNCTIONS = new Set(['eval', 'random', 'shuffle']);

/** Regular expressions can take exponential time, and the rest would make two evaluations differ. */
function forbiddenIn(node: unknown): string | null {
  if (typeof node !== 'object' || node === null) return null;
  const { type, value } = node as { type?: unknown; value?: unknown };
  if (type === 'regex') return 'regular expressions; use $contains, $substring or $split with plain text';
  if (type === 'variable' && FORBIDDEN_FUNCTIONS.has(value as string)) return `$${String(value)}`;
  for (const inner of Object.values(node)) {
    const found = forbiddenIn(inner);
    if (found !== null) return found;
  }
  return null;
}

/** Stands in for RegExp, for graphs that came into the database without the check. */
const NoRegex = class {
  constructor() {
    throw new ForbiddenExpressionError('regular expressions');
  }
} as unknown as RegExpConstructor;

class ForbiddenExpressionError extends Error {
  constructor(what: string) {
    super(`${what}: not allowed in filters and mappings`);
  }
}

class RestingExpressionError extends Error {
  constructor() {
    super(`ran out of time before; rests for ${REST_MS} ms`);
  }
}

/** Longest text that `$pad` may make. */
const PADDED_LENGTH = 65_536;

function refuse(name: string): () => never {
  return () => {
    throw new ForbiddenExpressionError(`$${name}`);
  };
}

const REFUSALS = Object.fromEntries([...FORBIDDEN_FUNCTIONS].map((name) => [name, refuse(name)]));

function bindingsFor(input: ExpressionInput): Record<string, unknown> {
  return {
    ...REFUSALS,
    now: () => input.occurredAt,
    millis: () => Date.parse(input.occurredAt),
    pad: padded,
  };
}

/** As JSONata's `$pad`, bounded: a width is no reason to fill the memory. */
function padded(text: string | undefined, width: number, filler?: string): string | undefined {
  if (text === undefined) return undefined;
  const missing = Math.abs(width) - [...text].length;
  if (!(missing > 0)) return text;
  if (missing > PADDED_LENGTH) throw new RangeError(`$pad makes at most ${PADDED_LENGTH} characters`);
  const unit = [...(filler === undefined || filler === '' ? ' ' : filler)];
  const padding = Array.from({ length: missing }, (_, at) => unit[at % unit.length]).join('');
  return width > 0 ? text + padding : padding + text;
}

/** JSONata's messages can quote the data: only its code and the position in the expression are told. */
function faultOf(error: unknown): string {
  const { code, position } = error as { code?: unknown; position?: unknown };
  if (code === OUT_OF_TIME) return 'it ran out of time';
  if (typeof code === 'string')
    return typeof position === 'number' ? `error ${code} at character ${position}` : `error ${code}`;
  if (error instanceof ForbiddenExpressionError || error instanceof RestingExpressionError)
    return error.message;
  return 'it failed';
}
