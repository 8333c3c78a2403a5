const UNITS_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A time in the past: `90m`, `36h`, `7d` before now, or RFC 3339.
 * @throws Error that names the forms
 */
export function sinceTime(text: string, now: Date): Date {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined)
    return new Date(now.getTime() - Number(count) * (UNITS_MS[unit] ?? 0));
  const at = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at))
    throw new Error('--since: write 90m, 36h, 7d, or a time such as 2026-01-31T08:00:00Z');
  return new Date(at);
}
