import type { OperationRequest, OperationResult } from '@bus/contracts';
import type { WechatMessage } from '../order-paid-message';

/** Port: brings a message to a user in WeChat. */
export abstract class WechatProvider {
  /**
   * Once per execution, as far as the provider allows it, and kept in `wechat_notify.sent_message`.
   * @returns `completed`, from a real provider with `{ providerMessageId }`; `rejected` `no_recipient` where the user has no open id
   */
  abstract send(request: OperationRequest, userId: string, message: WechatMessage): Promise<OperationResult>;
}
