import { connect, type Socket } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { eventually, within } from '../testing/eventually';
import { held, startExample } from '../testing/shell-app';
import { ExpressFront } from './express-front';

const SECRET = 'secret-4711';

describe(ExpressFront.name, () => {
  let app: NestExpressApplication;
  let port: number;

  beforeAll(async () => {
    const started = await startExample();
    app = started.app;
    port = Number(new URL(started.url).port);
  });
  afterAll(() => app.close());
  afterEach(async () => {
    expect((await fetch(`http://127.0.0.1:${port}/items/7`)).status).toBe(200);
  });

  /** All that a connection is answered until it is closed. */
  const answerTo = (bytes: string) => answerOf(port, (socket) => socket.write(bytes));

  it('bad-63: answers 431 to 100 headers of 8 KB', async () => {
    const headers = Array.from({ length: 100 }, (_, at) => `x-${at}: ${SECRET}${'x'.repeat(8 * 1024)}\r\n`);
    const { head, body } = await answerTo(`GET /items/7 HTTP/1.1\r\nhost: a\r\n${headers.join('')}\r\n`);
    expect(head).toMatch(/^HTTP\/1\.1 431 /);
    expect(head).toMatch(/connection: close/i);
    expect(body).toEqual(refusal('headers_too_large'));
  });

  it.each([
    ['is no HTTP', `${SECRET}\r\n\r\n`],
    ['has a broken header', `GET / HTTP/1.1\r\nhost: a\r\n${SECRET}\0\r\n\r\n`],
    ['has two lengths', `POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n`],
    [
      'has a length and chunks: request smuggling',
      `POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
  ])('answers 400 to a request that %s', async (_, bytes) => {
    const { head, body } = await answerTo(bytes);
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    expect(body).toEqual(refusal('invalid'));
  });

  it('states the length of its answer in bytes', async () => {
    const { head, text } = await answerTo('?\r\n\r\n');
    expect(head).toContain(`Content-Length: ${Buffer.byteLength(text)}`);
  });

  it('closes while a request still runs and a connection idles: no caller holds the process up', async () => {
    const other = await startExample();
    const before = held.begun;
    const running = fetch(`${other.url}/held`).catch(() => 'gone');
    const idle = connect(Number(new URL(other.url).port), '127.0.0.1');
    const ended = new Promise((resolve) => idle.resume().once('close', resolve));
    await eventually(() => held.begun > before, 'the request');
    await within(other.app.close(), 'the end of the app');
    expect(await running).toBe('gone');
    await within(ended, 'the end of the connection');
  });

  it('survives a peer that resets its connection within a request', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await within(new Promise((resolve) => socket.once('connect', resolve)), 'a connection');
    socket.write('POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{', () =>
      socket.resetAndDestroy(),
    );
    await within(new Promise((resolve) => socket.once('close', resolve)), 'the end of the connection');
  });
});

describe(`${ExpressFront.name}: time limits`, () => {
  let front: ExpressFront;

  afterEach(() => front.close());

  it.each([
    [
      'bad-64: answers 408 to a body that trickles',
      'POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
    ],
    ['answers 408 to headers that trickle', 'GET /items/7 HTTP/1.1\r\nhost: a\r\nx-1: '],
  ])('%s', async (_, begin) => {
    front = new ExpressFront({
      requestTimeout: 60,
      headersTimeout: 60,
      connectionsCheckingInterval: 20,
    });
    front.initHttpServer();
    front.getInstance().post('/echo', (request: { resume(): void }) => request.resume());
    const server = front.getHttpServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { head, body } = await answerOf(port, (socket) => {
      socket.write(begin);
      const trickle = setInterval(() => socket.write(' '), 5);
      socket.once('close', () => clearInterval(trickle)).once('end', () => clearInterval(trickle));
    });
    expect(head).toMatch(/^HTTP\/1\.1 408 /);
    expect(body).toEqual(refusal('request_timeout'));
  });

  it('gives a request 8 s by default, and keeps idle connections longer than an ingress does', () => {
    front = new ExpressFront();
    front.initHttpServer();
    const { requestTimeout, headersTimeout, keepAliveTimeout } = front.getHttpServer();
    expect([requestTimeout, headersTimeout]).toEqual([8_000, 8_000]);
    expect(keepAliveTimeout).toBeGreaterThan(60_000);
  });
});

const refusal = (code: string) => ({
  error: { code, message: `The request was refused: ${code}.`, outcome: 'not_accepted', faults: [] },
});

async function answerOf(port: number, begin: (socket: Socket) => void) {
  const socket = connect(port, '127.0.0.1', () => begin(socket));
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
  // What the peer still sends meets a closed connection: a reset after the answer.
  socket.on('error', () => undefined);
  await within(new Promise((resolve) => socket.once('close', resolve)), 'the end of the connection');
  const [head = '', text = ''] = answer.split('\r\n\r\n');
  return { head, text, body: JSON.parse(text) as unknown };
}
