import { connect, type Socket } from 'node:net';
import type { SeededRandom } from '../random';
import { hostileFrame } from './hostile-frames';

/** Frames of one connection: a server may close it at the first that is bad enough. */
const FRAMES_OF_ONE = 40;
const PEERS = 16;
/** A peer whose frame has no end is closed by the server within 10 s (bad-09, bad-10); nobody waits for that here. */
const QUIET_MS = 40;

export interface FrameAttackCounts {
  frames: number;
  connections: number;
  /** Bytes that came back. */
  answered: number;
  closedByServer: number;
  refused: number;
}

/** Sends hostile frames over many connections at once. @param onFrames told now and then how many are out */
export async function attackWithFrames(
  port: number,
  frames: number,
  random: SeededRandom,
  signal: AbortSignal,
  onFrames: (sent: number) => void,
): Promise<FrameAttackCounts> {
  const counts: FrameAttackCounts = { frames: 0, connections: 0, answered: 0, closedByServer: 0, refused: 0 };
  const peer = async () => {
    while (counts.frames < frames && !signal.aborted) {
      const socket = await opened(port);
      if (!socket) {
        counts.refused++;
        continue;
      }
      counts.connections++;
      await attackOver(socket, frames, random, counts);
      onFrames(counts.frames);
    }
  };
  await Promise.all(Array.from({ length: PEERS }, peer));
  return counts;
}

function opened(port: number): Promise<Socket | null> {
  return new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => done(socket));
    socket.once('error', () => done(null));
  });
}

function attackOver(
  socket: Socket,
  most: number,
  random: SeededRandom,
  counts: FrameAttackCounts,
): Promise<void> {
  return new Promise((done) => {
    let left = FRAMES_OF_ONE;
    let quiet: NodeJS.Timeout | undefined;
    let ending = false;
    const end = () => {
      ending = true;
      clearTimeout(quiet);
      socket.destroy();
      done();
    };
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      counts.answered += bytes.length;
      if (left === 0) end();
    });
    socket.on('close', () => {
      if (!ending) counts.closedByServer++;
      end();
    });
    const send = () => {
      if (ending) return;
      if (left === 0 || counts.frames >= most) {
        left = 0;
        quiet = setTimeout(end, QUIET_MS);
        return;
      }
      left--;
      const frame = hostileFrame(random, counts.frames++);
      if (socket.write(frame)) setImmediate(send);
      else socket.once('drain', send);
    };
    send();
  });
}
