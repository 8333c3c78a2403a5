/** One promise that the log has to keep, and how it stands. */
export interface LogFinding {
  subject: string;
  found: string;
  /** `advice`: taken on a development machine only. `fault`: nothing is published or read until it is mended. */
  level: 'good' | 'advice' | 'fault';
  /** What to do; `null` where it is good. */
  fix: string | null;
}
