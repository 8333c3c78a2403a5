import { Clock, newTraceparent, runWithTraceparent } from '@bus/app-shell';
import {
  retry,
  rejected,
  type OperationReply,
  type OperationRequest,
  type OperationResult,
} from '@bus/contracts';
import { Injectable, Logger } from '@nestjs/common';
import { OperationRegistry } from './operation-registry';
import { RefusedRequestError } from './payload';
import { readRequest } from './read-request';
import { cutReason, replyOf } from './reply-limits';
import { deadlinePassed, startDeadline } from './request-deadline';

/** Deploy order: the operation may be configured before this service's next version is out. */
const UNKNOWN_OPERATION_RETRY_MS = 60_000;

/** One call of an operation, from the request as it came to a reply within the contract. */
@Injectable()
export class OperationRunner {
  private readonly logger = new Logger(OperationRunner.name);

  constructor(
    private readonly registry: OperationRegistry,
    private readonly clock: Clock,
  ) {}

  /**
   * Never throws for what a handler does: its error is logged and answered as `retry` `handler_error`.
   * @throws BusError `invalid` where the data is no request
   */
  async run(data: unknown): Promise<OperationReply> {
    const request = readRequest(data);
    startDeadline(request, () => this.clock.monotonicMs());
    return runWithTraceparent(newTraceparent(request.traceparent), async () =>
      replyOf(request, await this.resultOf(request)),
    );
  }

  private async resultOf(request: OperationRequest): Promise<OperationResult> {
    const handler = this.registry.handlerOf(request.operation);
    if (!handler) {
      const reason = 'this service does not handle the operation (yet)';
      return retry({ code: 'unknown_operation', reason, retryAfterMs: UNKNOWN_OPERATION_RETRY_MS });
    }
    if (deadlinePassed(request)) {
      return retry({
        code: 'deadline_passed',
        reason: 'the time of this attempt had passed; nothing was done',
      });
    }
    try {
      return await handler.execute(request);
    } catch (error) {
      return this.resultOfError(request, error);
    }
  }

  private resultOfError(request: OperationRequest, error: unknown): OperationResult {
    const { operation, executionId, attempt } = request;
    if (error instanceof RefusedRequestError)
      return rejected({ code: error.rejection, reason: error.message });
    this.logger.error({ err: error, operation, executionId, attempt }, 'a handler threw');
    // Its message may quote the payload: the log has the rest.
    const name = error instanceof Error ? error.name : typeof error;
    return retry({ code: 'handler_error', reason: cutReason(`the handler threw ${name}`) });
  }
}
