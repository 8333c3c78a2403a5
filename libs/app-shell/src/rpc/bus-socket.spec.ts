import { createServer, connect, type Server, type Socket } from 'node:net';
import { eventually, within } from '../testing/eventually';
import { BusSocket, frameFaults, type BusSocketOptions } from './bus-socket';

describe(BusSocket.name, () => {
  let server: Server;
  let near: Socket;
  let far: Socket;
  let errors: unknown[];

  /** Both ends of a connection; the near one is framed. */
  const open = async (options?: BusSocketOptions) => {
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    near = connect((server.address() as { port: number }).port, '127.0.0.1');
    errors = [];
    near.on('error', (error) => errors.push(error));
    far = await within(accepted, 'a connection');
    far.on('error', () => undefined);
    return new BusSocket(near, options);
  };
  const received = (socket: BusSocket) => {
    const messages: object[] = [];
    socket.on('message', (message: object) => messages.push(message));
    return messages;
  };

  beforeEach(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    near.destroy();
    far.destroy();
    server.close();
  });

  it('writes what is said in one tick as one write, and at the end of that tick', async () => {
    const socket = await open();
    const writes = jest.spyOn(near, 'write');
    for (const at of [1, 2, 3]) socket.sendText(`{"at":${at}}`);
    expect(writes).not.toHaveBeenCalled();
    await new Promise((next) => process.nextTick(next));
    expect(writes).toHaveBeenCalledTimes(1);
    let text = '';
    far.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await eventually(() => text === '8#{"at":1}8#{"at":2}8#{"at":3}', 'the frames');
  });

  it('counts UTF-16 units in the frames that it writes, by text and by message', async () => {
    const socket = await open();
    let text = '';
    far.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.sendText('"你好"');
    socket.sendMessage('😀');
    await eventually(() => text === '4#"你好"4#"😀"', 'the frames');
  });

  it('says whether it took what it was given', async () => {
    const socket = await open();
    expect(socket.sendText('{}')).toBe(true);
    near.destroy();
    const fault = new Promise((resolve) => expect(socket.sendText('{}', resolve)).toBe(false));
    expect(await fault).toMatchObject({ message: 'connection closed' });
  });

  it('trap-32: closes at 4 MB unsent by default, and keeps up to there', async () => {
    const socket = await open();
    far.pause();
    const text = JSON.stringify('x'.repeat(1024 * 1024 - 100));
    for (let at = 0; at < 4; at++) expect(socket.sendText(text)).toBe(true);
    expect(socket.sendText(text)).toBe(false);
    expect(near.destroyed).toBe(true);
    await eventually(() => errors.length === 1, 'the error');
    expect(errors).toMatchObject([{ code: 'unsent_over_limit' }]);
  });

  it('tells what was found in the text of a message, and nothing of others', async () => {
    const faults = [{ path: '/a', message: 'is bad' }];
    const socket = await open({ inspectFrame: (text) => (text.includes('bad') ? faults : []) });
    const messages = received(socket);
    far.write('11#{"a":"bad"}12#{"a":"good"}');
    await eventually(() => messages.length === 2, 'both messages');
    expect(messages.map(frameFaults)).toEqual([faults, undefined]);
  });

  it('hears nothing more of a connection that it closed', async () => {
    const socket = await open();
    const messages = received(socket);
    far.write('x#2#{}');
    await eventually(() => errors.length === 1, 'the error');
    expect(messages).toEqual([]);
    expect(errors).toMatchObject([{ code: 'bad_length' }]);
  });
});
