/** Newest first, continued by the key of the last row: a page costs the same however far back it is. */
export interface PageRequest {
  /** Rows, 1 to 200. */
  limit: number;
  /** `nextCursor` of the page before; `null`: the first page. */
  cursor: string | null;
}

export interface Page<Row> {
  rows: Row[];
  /** `null`: this is the last page. */
  nextCursor: string | null;
}

/** Times of publishing: `from` included, `to` excluded. */
export interface TimeRange {
  from: Date;
  to: Date;
}
