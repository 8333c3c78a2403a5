/** The call to the provider certainly never left: safe to call again. */
export class SmsUnreachableError extends Error {
  constructor(code: string) {
    super(
      `The text message provider could not be reached (${code}); check ALIYUN_SMS_ENDPOINT and the network.`,
    );
    this.name = new.target.name;
  }
}

/** The call left and nobody knows whether the text was sent: a timeout, a lost connection, an unreadable answer. */
export class SmsOutcomeUnknownError extends Error {
  constructor(what: string) {
    super(`The text message provider's answer is unknown: ${what}.`);
    this.name = new.target.name;
  }
}
