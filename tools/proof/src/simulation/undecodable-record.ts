import { RECORD_HEADER, SPEC_VERSION } from '@bus/contracts';
import type { RecordFault } from '@bus/domain';

interface ForeignRecord {
  key: string | null;
  value: Buffer | null;
  headers: Record<string, string>;
}

/** What a foreign writer may put into the log that is no event, by the fault that it must be kept with. */
export function undecodableRecord(fault: RecordFault, messageId: string): ForeignRecord {
  const headers = {
    [RECORD_HEADER.specVersion]: SPEC_VERSION,
    [RECORD_HEADER.id]: messageId,
    [RECORD_HEADER.source]: 'foreign',
    [RECORD_HEADER.type]: 'order.paid',
  };
  const sound = { key: messageId, value: Buffer.from('{}'), headers };
  switch (fault) {
    case 'null_value':
      return { ...sound, value: null };
    case 'empty_value':
      return { ...sound, value: Buffer.alloc(0) };
    case 'not_json':
      return { ...sound, value: Buffer.from('{"orderId":') };
    case 'bad_utf8':
      return { ...sound, value: Buffer.from([0x7b, 0xff, 0x7d]) };
    case 'unknown_specversion':
      return { ...sound, headers: { ...headers, [RECORD_HEADER.specVersion]: '0.3' } };
    case 'bad_attribute':
      return { ...sound, headers: { ...headers, [RECORD_HEADER.source]: 'two words' } };
    default:
      throw new RangeError(`no record is made for ${fault}`);
  }
}
