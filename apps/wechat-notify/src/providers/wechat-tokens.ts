import type { Clock } from '@bus/app-shell';
import { z } from 'zod';
import type { WechatAnswer } from './judge-wechat-answer';
import type { WechatHttp } from './wechat-http';
import { WechatOutcomeUnknownError, WechatUnreachableError } from './wechat.errors';

export interface WechatAccount {
  appId: string;
  appSecret: string;
}

export type TokenAnswer = { token: string } | { refusal: WechatAnswer };

interface CachedToken {
  token: string;
  /** Monotonic clock. */
  renewAtMs: number;
  expiresAtMs: number;
}

/** WeChat hands out the next token 5 minutes before the old one ends; both are good in between. */
const RENEW_BEFORE_MS = 5 * 60_000;

const tokenAnswer = z.union([
  z.object({ access_token: z.string().min(1), expires_in: z.number().positive() }),
  z.object({ errcode: z.number().int(), errmsg: z.string().default('') }),
]);

/**
 * WeChat's access token, fetched once for all calls and kept until shortly before its end. It asks for the stable
 * token: replicas that ask get the same one and do not invalidate each other's.
 * @see https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken.html
 */
export class WechatTokens {
  private cached: CachedToken | null = null;
  /** The one fetch that all callers wait for. */
  private fetching: Promise<TokenAnswer> | null = null;

  constructor(
    private readonly http: WechatHttp,
    private readonly account: WechatAccount,
    private readonly clock: Pick<Clock, 'monotonicMs'>,
  ) {}

  /** @throws WechatUnreachableError if no token can be had: the message itself has certainly not left */
  async current(): Promise<TokenAnswer> {
    if (this.fetching) return this.fetching;
    const cached = this.cached;
    if (cached && this.clock.monotonicMs() < cached.renewAtMs) return cached;
    return this.once(() => this.renewOrKeep(cached));
  }

  /**
   * A token other than the one that WeChat just refused. However many calls were refused with it, one fetch follows.
   * @throws as `current`
   */
  async insteadOf(refused: string): Promise<TokenAnswer> {
    if (this.fetching) return this.fetching;
    if (this.cached && this.cached.token !== refused) return this.cached;
    this.cached = null;
    return this.once(async () => {
      const answer = await this.fetch(false);
      // The refused token is still the current one, so it was revoked: only a forced refresh (20 a day) helps.
      return 'token' in answer && answer.token === refused ? this.fetch(true) : answer;
    });
  }

  private once(fetch: () => Promise<TokenAnswer>): Promise<TokenAnswer> {
    this.fetching = fetch().finally(() => (this.fetching = null));
    return this.fetching;
  }

  /** Until it ends, the old token does where no new one can be had. */
  private async renewOrKeep(old: CachedToken | null): Promise<TokenAnswer> {
    const stillGood = old && this.clock.monotonicMs() < old.expiresAtMs ? old : null;
    try {
      const answer = await this.fetch(false);
      return 'refusal' in answer && stillGood ? stillGood : answer;
    } catch (error) {
      if (stillGood) return stillGood;
      throw error;
    }
  }

  private async fetch(forced: boolean): Promise<TokenAnswer> {
    const askedAtMs = this.clock.monotonicMs();
    const answer = await this.ask(forced);
    if ('errcode' in answer) return { refusal: answer };
    const livesMs = answer.expires_in * 1000;
    this.cached = {
      token: answer.access_token,
      renewAtMs: askedAtMs + Math.max(livesMs - RENEW_BEFORE_MS, livesMs / 2),
      expiresAtMs: askedAtMs + livesMs,
    };
    return this.cached;
  }

  private async ask(forced: boolean): Promise<z.infer<typeof tokenAnswer>> {
    const text = await this.post(forced);
    try {
      return tokenAnswer.parse(JSON.parse(text));
    } catch (error) {
      throw new WechatUnreachableError(error);
    }
  }

  /** No token, no message: whatever happens here, the message has not left. */
  private async post(forced: boolean): Promise<string> {
    try {
      return await this.http.post('/cgi-bin/stable_token', {
        grant_type: 'client_credential',
        appid: this.account.appId,
        secret: this.account.appSecret,
        force_refresh: forced,
      });
    } catch (error) {
      throw error instanceof WechatOutcomeUnknownError ? new WechatUnreachableError(error) : error;
    }
  }
}
