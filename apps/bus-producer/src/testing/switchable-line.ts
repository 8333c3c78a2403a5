import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface SwitchableLine {
  /** The given URL, by way of this line. */
  url: string;
  /** Breaks what is connected and refuses what comes. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** A way to a server that can be cut and mended: what a crash and a restart of it look like from here. */
export async function switchableLine(serverUrl: string): Promise<SwitchableLine> {
  const url = new URL(serverUrl);
  const target = { port: Number(url.port), host: url.hostname };
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((incoming) => {
    if (isCut) return incoming.destroy();
    const outgoing = connect(target);
    for (const [one, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ]) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url.port = String((server.address() as AddressInfo).port);
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cut,
    mend: () => {
      isCut = false;
    },
    close: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
