import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const PRELOAD = join(__dirname, 'preload/skewed-clock.cjs');

function told(script: string, env: Record<string, string>): unknown {
  const said = execFileSync(
    process.execPath,
    ['--require', PRELOAD, '-e', `console.log(JSON.stringify(${script}))`],
    {
      env: { PATH: process.env.PATH, ...env },
      encoding: 'utf8',
    },
  );
  return JSON.parse(said);
}

describe('the skewed clock', () => {
  it('moves every way to ask for the time, and no time that is given', () => {
    const script =
      '[Date.now(), new Date().getTime(), +new Date(5), new Date() instanceof Date, Date.parse("1970-01-01")]';
    const [now, fresh, given, isDate, parsed] = told(script, { PROOF_CLOCK_OFFSET_MS: '300000' }) as number[];
    const aheadMs = (now as number) - Date.now();
    expect(aheadMs).toBeGreaterThan(290_000);
    expect(aheadMs).toBeLessThanOrEqual(300_000);
    expect(Math.abs((fresh as number) - (now as number))).toBeLessThan(1_000);
    expect([given, isDate, parsed]).toEqual([5, true, 0]);
  });

  it('leaves the clock alone where nothing is set', () => {
    expect(Math.abs((told('Date.now()', {}) as number) - Date.now())).toBeLessThan(30_000);
  });
});
