import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DrainState } from '../health/drain-state';
import { eventually, within } from '../testing/eventually';
import { held, startExample } from '../testing/shell-app';
import { HttpDoor, isUpkeep, refuseOtherBodies, traceRequests } from './http-door';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('the HTTP door of an app', () => {
  let app: NestExpressApplication;
  let url: string;

  beforeAll(async () => {
    ({ app, url } = await startExample({ http: { port: 0, host: '127.0.0.1', bodyLimitBytes: 1_000 } }));
  });
  afterAll(() => app.close());

  const post = (body: RequestInit['body'], headers: Record<string, string>) =>
    fetch(`${url}/echo`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
  const json = { 'content-type': 'application/json' };

  describe(refuseOtherBodies.name, () => {
    it.each([
      'application/json',
      'application/json; charset=utf-8',
      'Application/JSON;charset=UTF-8',
      'application/cloudevents+json',
      'application/vnd.x-1.y+json',
    ])('takes a body of %s', async (type) => {
      expect((await post('{"a":1}', { 'content-type': type })).status).toBe(200);
    });

    it.each([
      'text/plain',
      'application/xml',
      'application/jsonp',
      'text/json',
      'application/x-www-form-urlencoded',
    ])('answers 415 to a body of %s', async (type) => {
      const answer = await post('{"a":"secret"}', { 'content-type': type });
      expect(answer.status).toBe(415);
      expect(await answer.json()).toEqual({
        error: {
          code: 'unsupported_type',
          message: 'Send application/json, UTF-8, plain or gzip.',
          outcome: 'not_accepted',
          faults: [],
        },
      });
    });

    it('answers 415 to a body of no type, in chunks too', async () => {
      expect((await post(Buffer.from('{}'), {})).status).toBe(415);
      expect((await post(new Blob(['{}']).stream(), {})).status).toBe(415);
    });

    it('takes a request without a body, of whatever type', async () => {
      expect((await post(undefined, { 'content-type': 'text/plain' })).status).toBe(200);
      expect((await fetch(`${url}/items/7`, { headers: { 'content-type': 'text/plain' } })).status).toBe(200);
    });
  });

  describe('the body', () => {
    it.each([
      ['plain', (text: string) => text, {}],
      ['gzip', (text: string) => gzipSync(text), { 'content-encoding': 'gzip' }],
    ])('is read up to the limit, which counts inflated bytes: %s', async (_, encode, headers) => {
      const send = (length: number) => post(encode(`"${'x'.repeat(length - 2)}"`), { ...json, ...headers });
      expect((await send(1_000)).status).toBe(200);
      const answer = await send(1_001);
      expect(answer.status).toBe(413);
      expect(answer.headers.get('connection')).toBe('close');
      expect(await answer.json()).toMatchObject({ error: { code: 'too_large', outcome: 'not_accepted' } });
    });

    it.each(['{"secret":', 'secret', '{"a":1}secret', "{'a':1}"])('answers 400 to %s', async (text) => {
      const answer = await post(text, json);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({
        error: {
          code: 'invalid',
          message: 'The request cannot be read; send valid JSON.',
          outcome: 'not_accepted',
          faults: [],
        },
      });
    });

    it('answers 415 to an encoding that it cannot undo, 400 to a broken one', async () => {
      expect((await post('{}', { ...json, 'content-encoding': 'compress' })).status).toBe(415);
      expect((await post('{}', { ...json, 'content-encoding': 'gzip' })).status).toBe(400);
      expect((await post('{}', { 'content-type': 'application/json; charset=koi8-r' })).status).toBe(415);
    });

    it.each(['7', '"text"', 'null', '[]'])('may be any JSON value: %s', async (text) => {
      expect(await (await post(text, json)).json()).toEqual({ body: JSON.parse(text) as unknown });
    });
  });

  describe(traceRequests.name, () => {
    it("is within the caller's trace, or in a new one", async () => {
      const traceOf = async (headers: Record<string, string>) => {
        const answer = await fetch(`${url}/items/7`, { headers });
        return ((await answer.json()) as { traceparent: string }).traceparent;
      };
      expect(await traceOf({ traceparent: `00-${TRACE}-00f067aa0ba902b7-00` })).toMatch(
        new RegExp(`^00-${TRACE}-(?!00f067aa0ba902b7)[0-9a-f]{16}-00$`),
      );
      const [one, other] = [await traceOf({}), await traceOf({ traceparent: 'broken' })];
      expect(one).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      expect(other.slice(3, 35)).not.toBe(one.slice(3, 35));
    });
  });

  describe(HttpDoor.name, () => {
    let app: NestExpressApplication;
    let url: string;

    beforeEach(async () => {
      ({ app, url } = await startExample());
    });
    afterEach(() => app.close());

    it('lets what runs end while the app stops, refuses what is new, and tells probes so', async () => {
      const running = fetch(`${url}/held`);
      const before = held.begun;
      await eventually(() => held.begun > before, 'the request');
      let drained = false;
      const drain = app
        .get(DrainState)
        .drain()
        .then((inTime) => ((drained = true), inTime));
      const refused = await fetch(`${url}/items/7`);
      expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close']);
      expect(await refused.json()).toMatchObject({ error: { code: 'unavailable', outcome: 'not_accepted' } });
      expect((await fetch(`${url}/health/live`)).status).toBe(200);
      expect((await fetch(`${url}/health/ready`)).status).toBe(503);
      expect((await fetch(`${url}/metrics`)).status).toBe(200);
      expect(drained).toBe(false);
      held.release();
      const answer = await within(running, 'the answer');
      expect([answer.status, await answer.text()]).toEqual([200, 'released']);
      expect(await within(drain, 'the drain')).toBe(true);
    });

    it('does not wait for a request whose caller went', async () => {
      const before = held.begun;
      const caller = connect(Number(new URL(url).port), '127.0.0.1');
      caller.write('GET /held HTTP/1.1\r\nhost: a\r\n\r\n');
      await eventually(() => held.begun > before, 'the request');
      caller.destroy();
      expect(await within(app.get(DrainState).drain(), 'the drain')).toBe(true);
    });
  });
});

describe(isUpkeep.name, () => {
  it.each(['/metrics', '/health/live', '/health/ready'])('%s is', (path) =>
    expect(isUpkeep(path)).toBe(true),
  );
  it.each(['/', '/metrics/x', '/healthy', '/v1/events'])('%s is not', (path) =>
    expect(isUpkeep(path)).toBe(false),
  );
});
