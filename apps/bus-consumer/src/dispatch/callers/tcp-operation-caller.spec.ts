import { RPC } from '@bus/contracts';
import { createServer, type Server, type Socket } from 'node:net';
import { graphOf } from '../../testing/fake-graphs';
import { eventOf } from '../../testing/stages';
import { HeldEvent } from '../in-flight-window';
import { OutgoingCall, type CallSignal } from './operation-caller';
import { TcpOperationCaller } from './tcp-operation-caller';

/** Nest's TCP framing: length in UTF-16 units, `#`, JSON. */
const frame = (packet: object) => {
  const json = JSON.stringify(packet);
  return `${json.length}#${json}`;
};

type Packet = { id: string; pattern: unknown; data: { executionId: string; event: unknown } };

describe(TcpOperationCaller, () => {
  let server: Server;
  let sockets: Socket[];
  let port: number;
  let answer: (packet: Packet, socket: Socket) => void;
  let caller: TcpOperationCaller;
  const packets: Packet[] = [];

  const listen = (at: number) =>
    new Promise<void>((ready) => {
      sockets = [];
      server = createServer((socket) => {
        sockets.push(socket);
        socket.on('error', () => undefined);
        let text = '';
        socket.on('data', (chunk) => {
          text += chunk.toString();
          for (let at = text.indexOf('#'); at > 0; at = text.indexOf('#')) {
            const length = Number(text.slice(0, at));
            if (text.length < at + 1 + length) break;
            const packet = JSON.parse(text.slice(at + 1, at + 1 + length)) as Packet;
            text = text.slice(at + 1 + length);
            packets.push(packet);
            answer(packet, socket);
          }
        });
      });
      server.listen(at, '127.0.0.1', ready);
    });
  const close = () =>
    new Promise<void>((closed) => {
      sockets.forEach((socket) => socket.destroy());
      server.close(() => closed());
    });

  beforeEach(async () => {
    packets.length = 0;
    caller = new TcpOperationCaller();
    await listen(0);
    port = (server.address() as { port: number }).port;
  });
  afterEach(async () => {
    await caller.close();
    await close();
  });

  const call = (over: { payload?: string; port?: number } = {}) => {
    const [operation] = graphOf([
      { name: 'sms.send', endpoint: `tcp://127.0.0.1:${over.port ?? port}` },
    ]).operations;
    const held = new HeldEvent({ ...eventOf('order-1'), payload: over.payload ?? '{"orderId": "1001"}' });
    const extra = { mapped: null, inputs: { 'a.run': 1 }, traceparent: '00-1-2-01' };
    return new OutgoingCall(operation, 'execution-1', 2, held, extra);
  };
  const outcome = (outgoing: OutgoingCall) => new Promise<CallSignal>((done) => caller.call(outgoing, done));

  it('sends the request of the contract, the payload as it is stored', async () => {
    answer = ({ id }, socket) =>
      socket.write(frame({ id, response: { status: 'completed' }, isDisposed: true }));
    expect(await outcome(call())).toEqual({ kind: 'reply', reply: { status: 'completed' } });
    expect(packets).toEqual([
      {
        id: expect.any(String) as string,
        pattern: RPC.execute,
        data: {
          contract: 1,
          operation: 'sms.send',
          executionId: 'execution-1',
          attempt: 2,
          deadlineMs: 5000,
          effect: 'at_least_once',
          event: {
            messageId: 'order-1',
            source: 'spec',
            type: 'order.paid',
            key: null,
            payload: { orderId: '1001' },
            occurredAt: '2026-01-02T03:04:05.678Z',
          },
          inputs: { 'a.run': 1 },
          traceparent: '00-1-2-01',
        },
      },
    ]);
    expect(call().request()).toEqual(packets[0].data);
  });

  it('tells an error from a refusal that the bus says was not run', async () => {
    const errors: unknown[] = [
      { status: 'error', message: 'Internal server error' },
      { error: { code: 'unavailable', outcome: 'not_accepted', message: 'draining', faults: [] } },
      { error: { code: 'unavailable', outcome: 'unknown', message: 'away', faults: [] } },
    ];
    answer = ({ id }, socket) => socket.write(frame({ id, err: errors.shift(), isDisposed: true }));
    expect((await outcome(call())).kind).toBe('faulty');
    expect((await outcome(call())).kind).toBe('unreachable');
    expect((await outcome(call())).kind).toBe('faulty');
  });

  it('knows that nothing left where nobody listens, and what may have run where the connection went', async () => {
    answer = (_, socket) => socket.destroy();
    expect((await outcome(call())).kind).toBe('unknown');
    await close();
    expect((await outcome(call())).kind).toBe('unreachable');
    await listen(port);
  });

  it('trap-35: the first call after the service came back succeeds', async () => {
    answer = ({ id }, socket) => socket.write(frame({ id, response: 'done', isDisposed: true }));
    await outcome(call());
    await close();
    await outcome(call()); // may still go down with the old connection
    expect((await outcome(call())).kind).toBe('unreachable');
    await listen(port);
    expect(await outcome(call())).toEqual({ kind: 'reply', reply: 'done' });
  });

  it('drops the answer of an abandoned call', async () => {
    let heard = 0;
    let abandon: () => void = () => undefined;
    const writeLate = new Promise<() => void>((seen) => {
      answer = ({ id }, socket) =>
        seen(() => socket.write(frame({ id, response: 'late', isDisposed: true })));
      abandon = caller.call(call(), () => heard++);
    });
    const late = await writeLate;
    abandon();
    late();
    answer = ({ id }, socket) => socket.write(frame({ id, response: 'next', isDisposed: true }));
    expect(await outcome(call())).toEqual({ kind: 'reply', reply: 'next' });
    expect(heard).toBe(0);
  });
});
