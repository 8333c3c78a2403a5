import { BusError, ERROR_STATUS, type ErrorAnswer, type ErrorCode } from '@bus/contracts';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { allowedMethods } from '../http/allowed-methods';

const CODE_OF_STATUS = new Map<number, ErrorCode>(
  Object.entries(ERROR_STATUS).map(([code, status]) => [status, code as ErrorCode]),
);

/** What the caller is told by code: never a value of the request. */
const MESSAGES: Partial<Record<ErrorCode, string>> = {
  invalid: 'The request cannot be read; send valid JSON.',
  not_found: 'There is nothing at this path.',
  method_not_allowed: 'This path does not take the method.',
  request_timeout: 'The body took too long.',
  too_large: 'The body is larger than this path takes.',
  unsupported_type: 'Send application/json, UTF-8, plain or gzip.',
  internal: 'Something failed here; see the log.',
};

/**
 * Every error of an HTTP request → the canon's answer. A `BusError` says what it is; errors of Nest and of the body
 * parser are told by their status; anything else is 500 `internal` without details, and is logged.
 */
@Catch()
export class HttpErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(HttpErrorFilter.name);

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    if (response.headersSent || response.destroyed) {
      response.end();
      return;
    }
    if (exception instanceof HttpException && isHealthReport(exception)) {
      response.status(exception.getStatus()).json(exception.getResponse());
      return;
    }
    const error = this.busErrorOf(exception, request);
    if (error.code === 'method_not_allowed') response.setHeader('Allow', allowedMethods(request).join(', '));
    // Its body was not read to the end: the connection cannot be used again.
    if (error.code === 'too_large' || error.code === 'request_timeout')
      response.setHeader('Connection', 'close');
    response.status(ERROR_STATUS[error.code]).json(error.toAnswer() satisfies ErrorAnswer);
  }

  private busErrorOf(exception: unknown, request: Request): BusError {
    if (exception instanceof BusError) {
      if (exception.code === 'internal') this.logger.error({ err: exception }, 'an HTTP request failed');
      return exception;
    }
    const status = statusOf(exception);
    let code =
      (status !== null && CODE_OF_STATUS.get(status)) ||
      (status !== null && status < 500 ? 'invalid' : 'internal');
    if (code === 'not_found' && allowedMethods(request).length > 0) code = 'method_not_allowed';
    if (code === 'internal') this.logger.error({ err: exception }, 'an HTTP request failed');
    return new BusError({
      code,
      message: MESSAGES[code] ?? `The request was refused: ${code}.`,
      outcome: code === 'internal' ? 'unknown' : 'not_accepted',
    });
  }
}

/** The status that Nest or the body parser (http-errors) gives an error. */
function statusOf(exception: unknown): number | null {
  if (exception instanceof HttpException) return exception.getStatus();
  const status = (exception as { status?: unknown } | null)?.status;
  return exception instanceof Error && typeof status === 'number' ? status : null;
}

/** Terminus throws its report. */
function isHealthReport(exception: HttpException): boolean {
  const body = exception.getResponse();
  return typeof body === 'object' && 'status' in body && 'details' in body;
}
