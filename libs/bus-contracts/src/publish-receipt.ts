import type { ErrorAnswer } from './error-code';

/** Sent after the broker holds the event durably. */
export interface PublishReceipt {
  messageId: string;
  source: string;
  /** Of this record. Where the same message was published before, the first one's event stays. */
  eventId: string;
  status: 'accepted';
}

export interface PublishRefusal {
  status: 'refused';
  error: ErrorAnswer['error'];
}

/** One result per event, in the order of the request. */
export interface PublishBatchReceipt {
  results: (PublishReceipt | PublishRefusal)[];
}
