import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';

/**
 * The metrics of one app, served at `/metrics`. Pass it as `registers: [registry]` to every metric:
 * prom-client's global registry is not used, so that several apps live in one process in tests.
 */
@Injectable()
export class MetricsRegistry extends Registry {}

/** Buckets in seconds, from a loopback call to the longest operation timeout. */
export const DURATION_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];
