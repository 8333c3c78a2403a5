import { RPC } from '@bus/contracts';
import { handsOnFaults, inspectFrame } from './inspect-frame';

const frame = (data: string) => `{"pattern":{"cmd":"bus.publish"},"data":${data},"id":"1"}`;
const pathsOf = (text: string) => inspectFrame(text).map(({ path }) => path);

describe(inspectFrame.name, () => {
  it('finds nothing in an ordinary frame', () => {
    expect(inspectFrame(frame('{"event":{"type":"t","payload":{"a":1}}}'))).toEqual([]);
  });

  it('points into the event, or into the batch', () => {
    expect(pathsOf(frame('{"event":{"type":"t","payload":{"a":1e999}}}'))).toEqual(['/payload/a']);
    expect(pathsOf(frame('{"events":[{},{"payload":{"a":1e999}}]}'))).toEqual(['/events/1/payload/a']);
    expect(pathsOf(frame('{"event":{},"event":{}}'))).toEqual(['']);
    expect(pathsOf(frame('{"events":[],"events":[]}'))).toEqual(['/events']);
  });

  it('leaves the path of what stands elsewhere', () => {
    expect(pathsOf('{"pattern":{"a":1,"a":2},"data":{"eventual":1e999}}')).toEqual([
      '/pattern/a',
      '/data/eventual',
    ]);
  });
});

describe(handsOnFaults.name, () => {
  it('lets the handler of batches judge, and no other', () => {
    expect(handsOnFaults(RPC.publishBatch)).toBe(true);
    for (const pattern of [RPC.publish, RPC.cancel, 'bus.publishBatch', null, undefined, 7])
      expect(handsOnFaults(pattern)).toBe(false);
  });
});
