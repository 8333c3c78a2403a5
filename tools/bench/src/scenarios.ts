import type { Scenario } from './scenario';
import { big } from './scenarios/big';
import { bloat } from './scenarios/bloat';
import { burst } from './scenarios/burst';
import { delay } from './scenarios/delay';
import { drain } from './scenarios/drain';
import { dup } from './scenarios/dup';
import { fail } from './scenarios/fail';
import { hot } from './scenarios/hot';
import { idle } from './scenarios/idle';
import { kafka } from './scenarios/kafka';
import { profile } from './scenarios/profile';
import { publish } from './scenarios/publish';
import { raw } from './scenarios/raw';
import { restart } from './scenarios/restart';
import { rpc } from './scenarios/rpc';
import { slow } from './scenarios/slow';
import { soak } from './scenarios/soak';
import { steady } from './scenarios/steady';

/** In the order in which they run: the long ones last. */
export const ALL_SCENARIOS: readonly Scenario[] = [
  raw,
  drain,
  rpc,
  steady,
  dup,
  fail,
  slow,
  hot,
  delay,
  bloat,
  restart,
  burst,
  idle,
  publish,
  kafka,
  profile,
  big,
  soak,
];
