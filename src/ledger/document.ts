import { inertJson, sha256Digest, type Digest, type JsonValue } from '../core/index.ts';
import { packagePurl } from '../packages/index.ts';
import { LEDGER_RULES } from './rules.ts';
import { LEDGER_CLASSES, type Ledger, type LedgerEntry, type LedgerFinding, type LedgerOwner } from './types.ts';

/** What a ledger document tells of its image and of who made it. */
export interface LedgerSubject {
  /** Digest of the platform's manifest; undefined for a root file system. */
  readonly digest?: string;
  readonly platform?: string;
  readonly tool: { readonly name: string; readonly version: string };
  readonly catalogers: readonly { readonly id: string; readonly version: number }[];
}

/** A ledger as a file. */
export interface LedgerDocument {
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes: what an SBOM refers to it by. */
  readonly digest: Digest;
}

export const LEDGER_MEDIA_TYPE = 'application/vnd.waybill.ledger.v1+jsonl';

const CHUNK_LINES = 4096;

/**
 * The ledger as JSON lines, the same bytes for the same image, version and options: a line of kind `ledger` (subject, layers, totals), one of kind
 * `package` for each package that owns a file (numbered, sorted by number), one of kind `rule` for each rule that was needed, one of kind `file` for each file (sorted by path), and the findings
 * (`modified` ones are told by their files).
 * @see schemas/ledger.schema.json, which describes one line
 */
export function ledgerDocument(ledger: Ledger, subject: LedgerSubject): LedgerDocument {
  const chunks: Uint8Array[] = [];
  let lines: string[] = [];
  const flush = (): void => {
    chunks.push(Buffer.from(lines.map((line) => `${line}\n`).join('')));
    lines = [];
  };
  for (const line of ledgerLines(ledger, subject)) {
    lines.push(inertJson(JSON.stringify(line)));
    if (lines.length === CHUNK_LINES) flush();
  }
  flush();
  const bytes = Buffer.concat(chunks);
  return { bytes, digest: sha256Digest(bytes) };
}

function* ledgerLines(ledger: Ledger, subject: LedgerSubject): Generator<JsonValue> {
  const { totals, findings, integrity, layers, packages } = ledger;
  yield {
    kind: 'ledger',
    version: 1,
    subject: subject.digest ?? null,
    platform: subject.platform ?? null,
    tool: { ...subject.tool },
    catalogers: subject.catalogers.map(({ id, version }) => ({ id, version })),
    integrity,
    layers: layers.map(({ diffId, createdBy }) => ({ diffId: diffId ?? null, createdBy: createdBy ?? null })),
    totals: {
      ...totals,
      byClass: Object.fromEntries(LEDGER_CLASSES.map((name) => [name, { ...totals.byClass[name] }])),
      integrity: { ...totals.integrity },
    },
  };
  const used = new Set<number>();
  const rules = new Set<string>();
  for (const { owner, also, rule, difference } of ledger.entries()) {
    if (rule !== undefined) rules.add(rule);
    for (const pkg of [owner, also, difference?.fits]) if (pkg !== undefined) used.add(pkg.index);
  }
  for (const finding of findings) if ('owner' in finding) used.add(finding.owner.index);
  for (const number of [...used].toSorted((a, b) => a - b)) {
    const pkg = packages[number]!;
    yield { kind: 'package', number, purl: packagePurl(pkg), id: pkg.id };
  }
  for (const { id, class: name, reason } of LEDGER_RULES) {
    if (rules.has(id)) yield { kind: 'rule', id, class: name, reason };
  }
  for (const entry of ledger.entries()) yield fileLine(entry);
  for (const finding of findings) if (finding.kind !== 'modified') yield findingLine(finding);
}

function fileLine(entry: LedgerEntry): JsonValue {
  const { difference } = entry;
  return {
    kind: 'file',
    path: entry.path,
    ...(entry.type === 'symlink' ? { linkTarget: entry.linkTarget ?? '' } : { sizeBytes: entry.sizeBytes }),
    mode: entry.mode,
    layer: entry.layer,
    executable: entry.isExecutable ? true : undefined,
    class: entry.class,
    integrity: entry.integrity,
    package: numberOf(entry.owner),
    also: numberOf(entry.also),
    rule: entry.rule,
    note: entry.note,
    difference:
      difference === undefined
        ? undefined
        : {
            algorithm: difference.algorithm,
            expected: difference.expected,
            found: difference.found ?? null,
            fits: numberOf(difference.fits),
          },
  };
}

function findingLine(finding: Exclude<LedgerFinding, { readonly kind: 'modified' }>): JsonValue {
  if (finding.kind === 'missing') {
    const { owner, ...missing } = finding;
    return { ...missing, package: owner.index };
  }
  return { ...finding };
}

function numberOf(owner: LedgerOwner | undefined): number | undefined {
  return owner?.index;
}
