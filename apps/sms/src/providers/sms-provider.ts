import type { OperationRequest, OperationResult } from '@bus/contracts';
import type { SmsText } from '../sms-texts';

/** Port: brings a text message to a user's phone. */
export abstract class SmsProvider {
  /**
   * Once per execution, as far as the provider allows it, and kept in `sms.sent_message`.
   * @returns `completed`, from a real provider with `{ providerMessageId }`; `rejected` `no_recipient` where the user has no phone number
   */
  abstract send(request: OperationRequest, userId: string, text: SmsText): Promise<OperationResult>;
}
