import type { ErrorAnswer, Fault } from '@bus/contracts';

/** bus-console said no, or was not reached. The message is for people, faults included. */
export class AdminApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; `null`: not reached. */
    readonly status: number | null,
    /** As bus-console named them, at most 10. */
    readonly faults: readonly Fault[] = [],
    options?: ErrorOptions,
  ) {
    super(
      [message, ...faults.map((fault) => `  ${fault.path || '/'}: ${fault.message}`)].join('\n'),
      options,
    );
    this.name = 'AdminApiError';
  }
}

const ANSWER_WITHIN_MS = 15_000;

/** The admin API of bus-console. @see its OpenAPI at `<console>/docs` */
export class AdminApi {
  /** @param consoleUrl `http://host:port` */
  constructor(private readonly consoleUrl: string) {}

  get<T>(path: string): Promise<T> {
    return this.ask<T>(path, { method: 'GET' });
  }

  post<T>(path: string, body: object, headers: Record<string, string> = {}): Promise<T> {
    return this.send<T>('POST', path, body, headers);
  }

  patch<T>(path: string, body: object): Promise<T> {
    return this.send<T>('PATCH', path, body, {});
  }

  private send<T>(method: string, path: string, body: object, headers: Record<string, string>): Promise<T> {
    const init = { method, body: JSON.stringify(body) };
    return this.ask<T>(path, { ...init, headers: { 'content-type': 'application/json', ...headers } });
  }

  /** @throws AdminApiError */
  private async ask<T>(path: string, init: RequestInit): Promise<T> {
    if (!URL.canParse(this.consoleUrl))
      throw new AdminApiError('the address of bus-console is no URL; write http://host:port', null);
    const url = new URL(`/api/v1${path}`, this.consoleUrl);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      text = await response.text();
    } catch (cause) {
      const fix = 'is bus-console running? Start it with npm start, or name it with --console';
      throw new AdminApiError(`${url.origin} was not reached; ${fix}`, null, [], { cause });
    }
    if (response.ok) return JSON.parse(text) as T;
    throw refusal(text, response.status);
  }
}

function refusal(text: string, status: number): AdminApiError {
  try {
    const { error } = JSON.parse(text) as ErrorAnswer;
    return new AdminApiError(error.message, status, error.faults);
  } catch {
    return new AdminApiError(`bus-console answered ${status}, and not in its own words`, status);
  }
}
