import {
  completed,
  MESSAGE_ID_PATTERN,
  OperationHandler,
  rejected,
  type OperationRequest,
  type OperationResult,
} from '@bus/contracts';
import type { EventControlStore } from '@bus/store';

/**
 * `bus.cancel-delayed`: cancels a delayed event by the message id in the payload (usually made by the operation's
 * mapping: `{"messageId": payload.timeoutMessageId}`). Completed on each outcome; the outcome is its output.
 * The source is the operation's setting, never the payload's: no event can cancel another source's messages.
 */
export class CancelDelayed extends OperationHandler {
  constructor(
    private readonly control: Pick<EventControlStore, 'cancel'>,
    private readonly cancelSource: string | null,
  ) {
    super();
  }

  override async execute(request: OperationRequest): Promise<OperationResult> {
    const source = this.cancelSource;
    if (source === null)
      return rejected({
        code: 'no_cancel_source',
        reason: 'set cancelSource on the operation: the source whose events it may cancel',
      });
    const messageId = (request.event.payload as { messageId?: unknown } | null)?.messageId;
    if (typeof messageId !== 'string' || !MESSAGE_ID_PATTERN.test(messageId))
      return rejected({
        code: 'invalid_payload',
        reason: 'the payload (or its mapping) has no messageId of 1 to 128 visible ASCII characters',
      });
    const { outcome } = await this.control.cancel({ source, messageId });
    return completed({ outcome });
  }
}
