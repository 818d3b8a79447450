const DAY_MS = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS };
const DURATION = /^([1-9][0-9]{0,6})([smhdw])$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

/** `30d`, `12h`: milliseconds; undefined when it is not one. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  const unit = match?.[2] === undefined ? undefined : UNITS[match[2]];
  return match?.[1] === undefined || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** `2026-12-31`: 00:00 UTC of that day; undefined when there is no such day. */
export function parseDay(text: string): Date | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const date = new Date(`${text}T00:00:00.000Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? date : undefined;
}

/** RFC 3339 with a zone, to the millisecond; undefined when it is not one. */
export function parseInstant(text: string): Date | undefined {
  if (!INSTANT.test(text)) return undefined;
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** The first instant after that day (UTC). */
export function parseEndOfDay(text: string): Date | undefined {
  const start = parseDay(text);
  return start === undefined ? undefined : new Date(start.getTime() + DAY_MS);
}

/** The last day an exception holds, for people. */
export function lastDay(expires: Date): string {
  return new Date(expires.getTime() - DAY_MS).toISOString().slice(0, 10);
}

/** Milliseconds in words of the policy file, rounded down to the largest whole unit. */
export function durationText(ms: number): string {
  if (ms >= DAY_MS) return `${Math.floor(ms / DAY_MS)}d`;
  if (ms >= 3_600_000) return `${Math.floor(ms / 3_600_000)}h`;
  return `${Math.floor(ms / 60_000)}m`;
}
