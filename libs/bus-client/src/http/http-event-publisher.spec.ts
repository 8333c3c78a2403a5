import { BusError, type ErrorAnswer } from '@bus/contracts';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpEventControl } from './http-event-control';
import { HttpEventPublisher } from './http-event-publisher';

const BUSY: ErrorAnswer = { error: { code: 'unavailable', message: 'away', outcome: 'unknown', faults: [] } };
const WRONG: ErrorAnswer = {
  error: {
    code: 'invalid',
    message: '1 fault',
    outcome: 'not_accepted',
    faults: [{ path: '/type', message: 'missing' }],
  },
};

describe(HttpEventPublisher.name, () => {
  let server: Server;
  let answers: { status: number; body: unknown }[];
  let seen: { method?: string; url?: string; traceparent?: unknown; body: string }[];

  beforeEach(async () => {
    answers = [];
    seen = [];
    server = createServer((request: IncomingMessage, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        seen.push({
          method: request.method,
          url: request.url,
          traceparent: request.headers['traceparent'],
          body,
        });
        const answer = answers.shift() ?? { status: 202, body: { status: 'accepted' } };
        response
          .writeHead(answer.status, { 'content-type': 'application/json' })
          .end(JSON.stringify(answer.body));
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterEach(() => new Promise((done) => server.close(done)));

  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  it('says the same message again after an unknown outcome, under the same id', async () => {
    answers = [{ status: 503, body: BUSY }];
    const publisher = new HttpEventPublisher({ url: url(), backoffMs: 1 });
    await expect(publisher.publish({ type: 'spec.run', payload: {} })).resolves.toEqual({
      status: 'accepted',
    });
    await publisher.close();
    const ids = seen.map((request) => JSON.parse(request.body).messageId);
    expect(ids).toHaveLength(2);
    expect(ids[0]).toBe(ids[1]);
    expect(seen[0]?.traceparent).toMatch(/^00-/);
  });

  it('gives every fault of a refused event to the caller, and does not try again', async () => {
    answers = [{ status: 400, body: WRONG }];
    const publisher = new HttpEventPublisher({ url: url() });
    const error = await publisher.publish({ type: '', payload: {} }).catch((thrown) => thrown);
    await publisher.close();
    expect(error).toBeInstanceOf(BusError);
    expect(error).toMatchObject({ code: 'invalid', outcome: 'not_accepted', faults: WRONG.error.faults });
    expect(seen).toHaveLength(1);
  });

  it('says not_accepted where nobody listens: nothing was sent', async () => {
    const publisher = new HttpEventPublisher({ url: 'http://127.0.0.1:1', retries: 1, backoffMs: 1 });
    const error = await publisher.publish({ type: 'spec.run', payload: {} }).catch((thrown) => thrown);
    await publisher.close();
    expect(error).toMatchObject({ code: 'unavailable', outcome: 'not_accepted' });
  });

  it('encodes source and message id, and takes 404 for an event that was never seen', async () => {
    answers = [{ status: 404, body: { error: { ...WRONG.error, code: 'not_found' } } }];
    const control = new HttpEventControl({ url: url() });
    await expect(control.getEvent({ source: '/shop/eu', messageId: 'a b' })).resolves.toBeNull();
    await control.close();
    expect(seen[0]?.url).toBe('/v1/events/%2Fshop%2Feu/a%20b');
  });
});
