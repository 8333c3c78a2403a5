/** The call to WeChat certainly never left, or was not needed any more: safe to call again. */
export class WechatUnreachableError extends Error {
  constructor(cause: unknown) {
    super('WeChat could not be reached; check WECHAT_BASE_URL and the network.', { cause });
    this.name = new.target.name;
  }
}

/** The call left and nobody knows whether the message was sent: a timeout, a lost connection, an unreadable answer. */
export class WechatOutcomeUnknownError extends Error {
  constructor(what: string, cause?: unknown) {
    super(`WeChat's answer is unknown: ${what}.`, { cause });
    this.name = new.target.name;
  }
}
