import type { HostBuiltin } from './contract.ts';
import { integerOf, isList, numberTerm, type Term } from './term.ts';

const NS_PER_MS = 1_000_000n;
const RFC3339 =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/;

/** @see https://www.openpolicyagent.org/docs/policy-reference/builtins/time */
export const parseRfc3339Ns: HostBuiltin = {
  name: 'time.parse_rfc3339_ns',
  call: (text) => (typeof text === 'string' ? nanosecondsTerm(parseRfc3339(text)) : undefined),
};

function parseRfc3339(text: string): bigint | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const offsetMinutes = Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0);
  const offset = match[8] === '-' ? -offsetMinutes : offsetMinutes;
  if (hour > 23 || minute > 59 || second > 59 || Number(match[9] ?? 0) > 24 || Number(match[10] ?? 0) > 60)
    return undefined;
  const date = utc([year, month - 1, day]);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const ms = date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000;
  return BigInt(ms) * NS_PER_MS + BigInt((match[7] ?? '').slice(0, 9).padEnd(9, '0'));
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: NS_PER_MS,
  s: 1000n * NS_PER_MS,
  m: 60_000n * NS_PER_MS,
  h: 3_600_000n * NS_PER_MS,
};
const DURATION = /^([+-]?)((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const DURATION_PART = /([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)/g;

export const parseDurationNs: HostBuiltin = {
  name: 'time.parse_duration_ns',
  call: (text) => {
    if (typeof text !== 'string' || text.length > 256) return undefined;
    if (/[dwy]/.test(text)) throw new Error('time.parse_duration_ns: days, weeks and years are not supported');
    if (text === '0') return numberTerm(0n);
    if (!DURATION.test(text)) return undefined;
    let total = 0n;
    for (const [, whole = '', fraction = '', unit = 'ns'] of text.matchAll(DURATION_PART)) {
      const scale = UNITS[unit] ?? 1n;
      total += BigInt(whole || '0') * scale;
      if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
    }
    return nanosecondsTerm(text.startsWith('-') ? -total : total);
  },
};

export const addDate: HostBuiltin = {
  name: 'time.add_date',
  call: (at, years, months, days) => {
    const start = timeOf(at);
    const steps = [years, months, days].map(integerOf);
    if (start === undefined || steps.some((step) => step === undefined || step > 1_000_000n || step < -1_000_000n))
      return undefined;
    const [byYears = 0, byMonths = 0, byDays = 0] = steps.map(Number);
    const { date } = start;
    const moved = utc([date.getUTCFullYear() + byYears, date.getUTCMonth() + byMonths, date.getUTCDate() + byDays]);
    const within = date.getTime() - utc([date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]).getTime();
    if (Number.isNaN(moved.getTime())) return undefined;
    return nanosecondsTerm(BigInt(moved.getTime() + within) * NS_PER_MS + start.rest);
  },
};

export const dateOf: HostBuiltin = {
  name: 'time.date',
  call: (at) => {
    const date = timeOf(at)?.date;
    return date === undefined
      ? undefined
      : [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()].map(numberTerm);
  },
};

export const clockOf: HostBuiltin = {
  name: 'time.clock',
  call: (at) => {
    const date = timeOf(at)?.date;
    return date === undefined
      ? undefined
      : [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(numberTerm);
  },
};

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

export const weekdayOf: HostBuiltin = {
  name: 'time.weekday',
  call: (at) => {
    const date = timeOf(at)?.date;
    return date === undefined ? undefined : DAYS[date.getUTCDay()];
  },
};

/** A time given as nanoseconds, or as nanoseconds and a time zone. */
function timeOf(term: Term | undefined): { readonly date: Date; readonly rest: bigint } | undefined {
  if (term === undefined) return undefined;
  if (isList(term) && term[1] !== undefined && term[1] !== '' && term[1] !== 'UTC')
    throw new Error('time zones other than UTC are not supported');
  const ns = integerOf(isList(term) ? term[0] : term);
  if (ns === undefined || BigInt.asIntN(64, ns) !== ns) return undefined;
  const rest = ((ns % NS_PER_MS) + NS_PER_MS) % NS_PER_MS;
  return { date: new Date(Number((ns - rest) / NS_PER_MS)), rest };
}

/** `Date.UTC` takes years below 100 for the last century's. */
function utc([year, month, day]: readonly [number, number, number]): Date {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date;
}

function nanosecondsTerm(ns: bigint | undefined): Term | undefined {
  return ns === undefined || BigInt.asIntN(64, ns) !== ns ? undefined : numberTerm(ns);
}
