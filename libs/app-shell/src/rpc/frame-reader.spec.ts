import { type Frame, FrameError, FrameReader } from './frame-reader';

const LIMIT = 1_000;

/** A frame as Nest's TCP client writes it. */
const framed = (text: string) => Buffer.from(`${text.length}#${text}`);

function readAll(reader: FrameReader): Frame[] {
  const frames: Frame[] = [];
  for (let frame = reader.next(); frame !== null; frame = reader.next()) frames.push(frame);
  return frames;
}

function textsOf(...chunks: Buffer[]): string[] {
  const reader = new FrameReader(LIMIT);
  return chunks.flatMap((chunk) => {
    reader.append(chunk);
    return readAll(reader).map(({ text }) => text);
  });
}

function faultOf(bytes: Buffer | string, limit = LIMIT): FrameError {
  const reader = new FrameReader(limit);
  reader.append(Buffer.from(bytes));
  try {
    readAll(reader);
  } catch (error) {
    expect(error).toBeInstanceOf(FrameError);
    return error as FrameError;
  }
  throw new Error('the reader took it');
}

describe(FrameReader.name, () => {
  it('reads one frame', () => {
    expect(textsOf(framed('{"a":1}'))).toEqual(['{"a":1}']);
  });

  it('reads many frames of one chunk, in order', () => {
    const texts = Array.from({ length: 50 }, (_, at) => `{"at":${at}}`);
    expect(textsOf(Buffer.concat(texts.map(framed)))).toEqual(texts);
  });

  it('reads the same frames wherever the stream is cut', () => {
    const texts = ['{"a":"é"}', '{"b":"漢字"}', '{"c":"🚌🚌"}', '{}', '{"d":"1#2#"}'];
    const stream = Buffer.concat(texts.map(framed));
    for (let cut = 0; cut <= stream.length; cut++) {
      expect(textsOf(stream.subarray(0, cut), stream.subarray(cut))).toEqual(texts);
    }
    expect(textsOf(...Array.from(stream, (byte) => Buffer.of(byte)))).toEqual(texts);
  });

  it('trap-38: counts UTF-16 units: two for an emoji, one for a Chinese character', () => {
    expect(textsOf(Buffer.from('4#"🚌"3#"漢"'))).toEqual(['"🚌"', '"漢"']);
  });

  it('waits for the rest of a header and of a body', () => {
    const reader = new FrameReader(LIMIT);
    for (const part of ['1', '1', '#', '{"a":', '"bcd"']) {
      reader.append(Buffer.from(part));
      expect(reader.next()).toBeNull();
      expect(reader.incomplete).toBe(true);
    }
    reader.append(Buffer.from('}'));
    expect(reader.next()?.text).toBe('{"a":"bcd"}');
  });

  it('is incomplete only while a frame has begun', () => {
    const reader = new FrameReader(LIMIT);
    expect(reader.incomplete).toBe(false);
    reader.append(framed('{}'));
    expect(reader.next()).toEqual({ text: '{}', badUtf8: false });
    expect(reader.incomplete).toBe(false);
    reader.append(Buffer.of(0xe6));
    expect(reader.incomplete).toBe(true);
  });

  it('reads an empty frame as an empty text', () => {
    expect(textsOf(Buffer.from('0#2#{}'))).toEqual(['', '{}']);
  });

  it.each(['abc', 'abc#{}', '-5#{}', '+5#hello', '1.5#{}', '1e9#{}', ' 2#{}', '#{}', '0x2#{}'])(
    'refuses the length in %j',
    (text) => {
      expect(faultOf(text).code).toBe('bad_length');
    },
  );

  it('refuses ten digits without waiting for the #', () => {
    const reader = new FrameReader(LIMIT);
    reader.append(Buffer.from('1'.repeat(9)));
    expect(reader.next()).toBeNull();
    reader.append(Buffer.from('1'));
    expect(() => reader.next()).toThrow(FrameError);
  });

  it('refuses a length over the limit before any of the body came, and takes the limit itself', () => {
    expect(faultOf('11#', 10)).toMatchObject({ code: 'too_long', message: expect.stringContaining('10') });
    const reader = new FrameReader(10);
    reader.append(framed('"12345678"'));
    expect(reader.next()?.text).toBe('"12345678"');
  });

  it('reads the frames before a broken one', () => {
    const reader = new FrameReader(LIMIT);
    reader.append(Buffer.concat([framed('{}'), Buffer.from('x#')]));
    expect(reader.next()?.text).toBe('{}');
    expect(() => reader.next()).toThrow(FrameError);
  });

  it('marks a frame whose bytes are not UTF-8, and no later one', () => {
    const reader = new FrameReader(LIMIT);
    reader.append(Buffer.concat([Buffer.from('5#"a'), Buffer.of(0xff), Buffer.from('b"')]));
    expect(readAll(reader)).toEqual([{ text: '"a\uFFFDb"', badUtf8: true }]);
    reader.append(framed('"\uFFFD"'));
    expect(readAll(reader)).toEqual([{ text: '"\uFFFD"', badUtf8: false }]);
  });

  it('marks a broken sequence that is cut between two chunks', () => {
    const reader = new FrameReader(LIMIT);
    reader.append(Buffer.concat([Buffer.from('3#"'), Buffer.of(0xe6, 0xbc)]));
    expect(reader.next()).toBeNull();
    reader.append(Buffer.from('"'));
    expect(readAll(reader)).toEqual([{ text: '"\uFFFD"', badUtf8: true }]);
  });

  it('says of an unfinished frame how much of it is there, never its content', () => {
    const reader = new FrameReader(LIMIT);
    reader.append(Buffer.from('20#{"a":"s3cret"'));
    expect(reader.next()).toBeNull();
    expect(reader.describeRest()).toBe('length 20, 13 UTF-16 units there');
  });

  it('says that lengths count UTF-16 units where bytes were counted', () => {
    const text = '{"a":"漢字"}';
    const reader = new FrameReader(LIMIT);
    reader.append(Buffer.from(`${Buffer.byteLength(text)}#${text}`));
    expect(reader.next()).toBeNull();
    expect(reader.describeRest()).toContain('UTF-16 units, not bytes');
  });

  it('never quotes the input in a fault', () => {
    expect(faultOf('s3cret#{}').message).not.toContain('s3cret');
  });
});
