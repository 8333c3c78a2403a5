import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { graphOf } from '../../testing/fake-graphs';
import { eventOf } from '../../testing/stages';
import { HeldEvent } from '../in-flight-window';
import { HttpOperationCaller } from './http-operation-caller';
import { OutgoingCall, type CallSignal } from './operation-caller';

describe(HttpOperationCaller, () => {
  let server: Server;
  let url: string;
  let caller: HttpOperationCaller;
  let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
  beforeEach(async () => {
    caller = new HttpOperationCaller();
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => answer(request, response, body));
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    url = `http://127.0.0.1:${(server.address() as { port: number }).port}/run?team=1`;
  });
  afterEach(async () => {
    await caller.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  const call = (endpoint = url) => {
    const [operation] = graphOf([{ name: 'sms.send', endpoint }]).operations;
    const extra = { mapped: { value: { text: 'hello' } }, inputs: null, traceparent: '00-1-2-01' };
    return new OutgoingCall(operation, 'execution-1', 1, new HeldEvent(eventOf('order-1')), extra);
  };
  const outcome = (outgoing: OutgoingCall) => new Promise<CallSignal>((done) => caller.call(outgoing, done));

  it('posts the same JSON as over TCP, with what the mapping made', async () => {
    answer = (request, response, body) => {
      const seen = { method: request.method, url: request.url, body: JSON.parse(body) as object };
      response.end(JSON.stringify(seen));
    };
    const signal = await outcome(call());
    expect(signal).toEqual({
      kind: 'reply',
      reply: { method: 'POST', url: '/run?team=1', body: call().request() },
    });
    expect(call().request().event.payload).toEqual({ text: 'hello' });
  });

  it('follows no redirect, and takes nothing but 200 with JSON', async () => {
    answer = (_, response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end();
    expect(await outcome(call())).toEqual({
      kind: 'faulty',
      reason: 'the service answered with status 307',
    });
    answer = (_, response) => response.end('<html>');
    expect(await outcome(call())).toEqual({ kind: 'faulty', reason: 'the reply is not JSON' });
  });

  it('reads no more than a reply may have', async () => {
    answer = (_, response) => response.end(JSON.stringify('x'.repeat(1_000_000)));
    expect((await outcome(call())).kind).toBe('faulty');
  });

  it('knows what surely never left from what may have run', async () => {
    answer = (request) => request.socket.destroy();
    expect((await outcome(call())).kind).toBe('unknown');
    expect((await outcome(call('http://127.0.0.1:1/'))).kind).toBe('unreachable');
  });

  it('drops an abandoned call', async () => {
    let heard = 0;
    await new Promise<void>((seen) => {
      const abandon = caller.call(call(), () => heard++);
      answer = () => {
        abandon();
        seen();
      };
    });
    answer = (_, response) => response.end('{}');
    await outcome(call());
    expect(heard).toBe(0);
  });
});
