import { LIMITS, type OperationReply, type OperationRequest, type OperationResult } from '@bus/contracts';

const CODE_CHARS = 64;
/** NUL and lone surrogates: PostgreSQL's text refuses the one, UTF-8 the other. */
const UNSTORABLE = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** The same in JSON text. Behind a backslash that is escaped itself, it is mere text: a handler may speak of `\u0000`. */
const UNSTORABLE_ESCAPE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/i;

export type OutputFault = 'output_too_large' | 'output_too_deep' | 'output_not_json';

/** Why the bus could not store an output; `null`: it can. */
export function outputFault(output: unknown): OutputFault | null {
  if (output === undefined) return null;
  const json = jsonOf(output);
  if (json === undefined || UNSTORABLE_ESCAPE.test(json)) return 'output_not_json';
  if (Buffer.byteLength(json) > LIMITS.outputBytes) return 'output_too_large';
  return depthOf(json) > LIMITS.payloadDepth ? 'output_too_deep' : null;
}

/** At most `LIMITS.reasonBytes` of UTF-8, cut between characters; what cannot be stored is escaped. */
export function cutReason(reason: string): string {
  const safe = reason.replace(UNSTORABLE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  if (Buffer.byteLength(safe) <= LIMITS.reasonBytes) return safe;
  const bytes = Buffer.from(safe).subarray(0, LIMITS.reasonBytes);
  return new TextDecoder().decode(bytes).replace(/\ufffd+$/, '');
}

/**
 * A handler's result → the reply on the wire. What breaks the contract becomes what the contract allows:
 * `rejected` for an output that cannot be stored, `retry` `faulty_result` for what is no result.
 */
export function replyOf(request: OperationRequest, result: unknown): OperationReply {
  const { executionId, operation, attempt } = request;
  const call = { executionId, operation, attempt };
  if (!isResult(result)) {
    return { ...call, status: 'retry', code: 'faulty_result', reason: 'the handler returned no result' };
  }
  if (result.status === 'completed') {
    const fault = outputFault(result.output);
    if (fault) return { ...call, status: 'rejected', code: fault, reason: OUTPUT_REASONS[fault] };
    const reply: OperationReply = { ...call, status: 'completed' };
    if (result.output !== undefined) reply.output = result.output;
    if (result.duplicate === true) reply.duplicate = true;
    return reply;
  }
  const reply: OperationReply = { ...call, status: result.status };
  if (result.code !== undefined) reply.code = cutCode(String(result.code));
  if (result.reason !== undefined) reply.reason = cutReason(String(result.reason));
  if (result.status === 'retry' && isDuration(result.retryAfterMs))
    reply.retryAfterMs = Math.round(result.retryAfterMs);
  return reply;
}

export const OUTPUT_REASONS: Record<OutputFault, string> = {
  output_too_large: `the output is larger than ${LIMITS.outputBytes} bytes as JSON`,
  output_too_deep: `the output has more than ${LIMITS.payloadDepth} levels`,
  output_not_json: 'the output is not JSON, or holds NUL or a lone surrogate',
};

/** Counted in whole characters: half of one could not be stored. */
function cutCode(code: string): string {
  return [...cutReason(code)].slice(0, CODE_CHARS).join('');
}

/** Levels of objects and arrays in JSON text. */
function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[{\]}]/g)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, (depth += 1));
    else if (token === ']' || token === '}') depth -= 1;
  }
  return deepest;
}

function isResult(result: unknown): result is OperationResult {
  const status = (result as OperationResult | null | undefined)?.status;
  return status === 'completed' || status === 'retry' || status === 'rejected';
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
