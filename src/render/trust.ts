import { safeText } from '../core/index.ts';
import type { ShowTrustResult, TrustChange, TrustEntry, TrustOrigin, UpdateTrustResult } from '../app/index.ts';
import { renderTable, type TableColumn, type TableOptions } from './table.ts';

const KINDS = {
  'certificate-authority': 'certificate authority',
  'timestamp-authority': 'timestamp authority',
  'transparency-log': 'transparency log',
  'certificate-log': 'certificate log',
} as const satisfies Record<TrustEntry['kind'], string>;

const STATES = { current: 'trusted', ended: 'ended', future: 'not yet' } as const;

const COLUMNS: readonly TableColumn<TrustEntry>[] = [
  { title: 'KIND', value: ({ kind }) => KINDS[kind] },
  { title: 'NOW', value: ({ validity }) => STATES[validity.state] },
  { title: 'FROM', value: ({ validity }) => day(validity.from) },
  { title: 'UNTIL', value: ({ validity }) => (validity.until === undefined ? '-' : day(validity.until)) },
  { title: 'OPERATOR', value: ({ operator }) => operator ?? '-', shrink: 2 },
  { title: 'ADDRESS', value: ({ uri }) => uri ?? '-', shrink: 1, least: 16 },
  { title: 'NAME', value: nameOf, shrink: 3, least: 12 },
  { title: 'KEY', value: ({ keyId }) => keyId, shrink: 4, least: 16 },
];

/** Whom a trusted root trusts, until when, and where it is from. */
export function renderTrust(result: ShowTrustResult, options: TableOptions): string {
  const lines = [
    `trusted root  ${result.digest} (${result.sizeBytes} bytes)`,
    ...originLines(result.origin),
    ...(result.output === undefined ? [] : [`written to    ${safeText(result.output)}`]),
  ];
  for (const [index, root] of result.roots.entries()) {
    lines.push('', ...(result.roots.length > 1 ? [`root ${index + 1} of ${result.roots.length}`] : []));
    lines.push(renderTable<TrustEntry>(COLUMNS, [...root.authorities, ...root.logs], options).trimEnd());
    for (const { what, reason } of root.ignored) lines.push(`left out: ${safeText(what)}: ${safeText(reason)}`);
  }
  return lines.join('\n');
}

/** What an update of trust roots changed. */
export function renderTrustUpdate(result: UpdateTrustResult): string {
  const { before, after } = result;
  const versions = (['root', 'timestamp', 'snapshot', 'targets'] as const).map((role) => {
    const from = before === undefined || before[role] === after[role] ? '' : `${before[role]} -> `;
    return `${role} ${from}${after[role]}`;
  });
  return [
    `updated      ${safeText(result.mirror)}`,
    `metadata     ${versions.join(', ')}`,
    `valid until  ${result.expires}`,
    ...result.files.map(
      ({ state, name, digest }) => `${state.padEnd(12)} ${name}${digest === undefined ? '' : `  ${digest}`}`,
    ),
    ...result.changes.map(changeLine),
  ].join('\n');
}

function changeLine({ change, kind, uri, keyId, detail }: TrustChange): string {
  const who = `${KINDS[kind]} ${safeText(uri ?? '')} (key ${safeText(keyId)})`;
  return `${change.padEnd(12)} ${who}${detail === undefined ? '' : `: ${safeText(detail)}`}`;
}

function originLines(origin: TrustOrigin): readonly string[] {
  if (origin.kind === 'file') return [`from          ${safeText(origin.file)}`];
  const how = {
    network: 'asked now',
    cache: `asked at ${origin.fetchedAt ?? ''}`,
    'stale-cache': `cannot be asked; asked at ${origin.fetchedAt ?? ''}`,
    seed: 'as it ships with waybill',
  }[origin.kind];
  const { versions } = origin;
  return [
    `from          ${safeText(origin.mirror)} (${how})`,
    `valid until   ${origin.expires}`,
    ...(versions === undefined
      ? []
      : [
          `metadata      root ${versions.root}, timestamp ${versions.timestamp}, snapshot ${versions.snapshot}, targets ${versions.targets}`,
        ]),
  ];
}

function nameOf(entry: TrustEntry): string {
  return 'chain' in entry ? (entry.chain[0]?.subject ?? '') : entry.algorithm;
}

function day(time: string): string {
  return time.slice(0, 10);
}
