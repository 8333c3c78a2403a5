import { PURE_RULES } from './pure-rules';

describe('pure rules', () => {
  it.each(PURE_RULES.map((rule) => [rule.name, rule] as const))('%s', (_name, rule) => {
    rule.check(20_260_101, 300);
  });
});
