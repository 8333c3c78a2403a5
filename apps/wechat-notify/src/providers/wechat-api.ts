import type { Clock } from '@bus/app-shell';
import { completed, retry, type OperationResult } from '@bus/contracts';
import { circuitBreaker, ConsecutiveBreaker, handleType, isBrokenCircuitError } from 'cockatiel';
import { judgeWechatRefusal, refusesToken, type WechatAnswer } from './judge-wechat-answer';
import { WechatHttp, type WechatHttpOptions } from './wechat-http';
import { WechatTokens, type WechatAccount } from './wechat-tokens';
import { WechatOutcomeUnknownError, WechatUnreachableError } from './wechat.errors';

/** Body of a template message; WeChat's own field names. */
export interface TemplateMessage {
  /** The recipient's open id. */
  touser: string;
  template_id: string;
  data: Record<string, { value: string }>;
  /** WeChat sends one message per open id and `client_msg_id`, for 10 minutes at least. */
  client_msg_id: string;
}

/** Calls that fail one after another before WeChat is left alone. */
const FAILURES_TO_OPEN = 5;
/** How long it is left alone before one call tries again. */
const OPEN_MS = 10_000;

/**
 * Sends template messages.
 * @see https://developers.weixin.qq.com/doc/service/en/api/notify/template/api_sendtemplatemessage.html
 */
export class WechatApi {
  private readonly http: WechatHttp;
  private readonly tokens: WechatTokens;
  /** While WeChat is down, attempts end at once instead of holding a slot for the whole timeout. */
  private readonly breaker = circuitBreaker(
    handleType(WechatUnreachableError).orType(WechatOutcomeUnknownError),
    { halfOpenAfter: OPEN_MS, breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN) },
  );

  constructor(options: WechatHttpOptions & WechatAccount, clock: Pick<Clock, 'monotonicMs'>) {
    this.http = new WechatHttp(options);
    this.tokens = new WechatTokens(this.http, options, clock);
  }

  /**
   * `completed` with `{ providerMessageId }` once WeChat has taken the message; `retry` and `rejected` only where it
   * certainly has not.
   * @throws WechatOutcomeUnknownError where it may have
   */
  async sendTemplate(message: TemplateMessage): Promise<OperationResult> {
    try {
      return await this.breaker.execute(() => this.sendWithToken(message));
    } catch (error) {
      if (isBrokenCircuitError(error)) return unreachable('WeChat failed several times in a row', OPEN_MS);
      if (error instanceof WechatUnreachableError) return unreachable(error.message);
      throw error;
    }
  }

  /** Breaks off what is in flight. */
  async close(): Promise<void> {
    await this.http.close();
  }

  private async sendWithToken(message: TemplateMessage): Promise<OperationResult> {
    const first = await this.tokens.current();
    if ('refusal' in first) return judgeWechatRefusal(first.refusal);
    const answer = await this.post(first.token, message);
    if (!refusesToken(answer)) return judge(answer);
    const second = await this.tokens.insteadOf(first.token);
    if ('refusal' in second) return judgeWechatRefusal(second.refusal);
    return judge(await this.post(second.token, message));
  }

  private async post(token: string, message: TemplateMessage): Promise<SendAnswer> {
    const path = `/cgi-bin/message/template/send?access_token=${encodeURIComponent(token)}`;
    return readSendAnswer(await this.http.post(path, message));
  }
}

interface SendAnswer extends WechatAnswer {
  /** Decimal text: it exceeds what a JSON number can carry in JavaScript. */
  msgid: string;
}

/** @throws WechatOutcomeUnknownError for what is no answer of WeChat's */
function readSendAnswer(text: string): SendAnswer {
  try {
    const { errcode, errmsg } = JSON.parse(text) as Partial<WechatAnswer>;
    if (typeof errcode === 'number') {
      const msgid = /"msgid"\s*:\s*"?(\d+)/.exec(text)?.[1] ?? '';
      return { errcode, errmsg: String(errmsg ?? ''), msgid };
    }
  } catch (error) {
    throw new WechatOutcomeUnknownError('a broken answer', error);
  }
  throw new WechatOutcomeUnknownError('an answer without errcode');
}

function judge(answer: SendAnswer): OperationResult {
  return answer.errcode === 0 ? completed({ providerMessageId: answer.msgid }) : judgeWechatRefusal(answer);
}

function unreachable(reason: string, retryAfterMs?: number): OperationResult {
  return retry({
    code: 'wechat_unreachable',
    reason,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
