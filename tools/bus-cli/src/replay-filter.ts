/** As bus-console reads it; what is absent selects all. */
export interface ReplayFilterView {
  operation?: string;
  causes?: string[];
  eventType?: string;
  code?: string;
  diedFrom?: string;
  diedTo?: string;
  source?: string;
  key?: string;
  messageIds?: string[];
}

/** As typed. */
export interface ReplayFilterOptions {
  operation?: string;
  cause?: string[];
  type?: string;
  code?: string;
  from?: string;
  to?: string;
  source?: string;
  eventKey?: string;
  message?: string[];
}

/** What was typed, in bus-console's words. */
export function replayFilter(options: ReplayFilterOptions): ReplayFilterView {
  const wanted = {
    operation: options.operation,
    causes: options.cause,
    eventType: options.type,
    code: options.code,
    diedFrom: options.from,
    diedTo: options.to,
    source: options.source,
    key: options.eventKey,
    messageIds: options.message,
  };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
}
