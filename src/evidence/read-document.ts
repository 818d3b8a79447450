import { ExitCode, isDigest, type JsonValue } from '../core/index.ts';
import { readLedgerFacts, readUnreadPart } from './ledger-facts.ts';
import { readListed } from './listed.ts';
import { readComparison } from './read-comparison.ts';
import { readContainment, readTraces } from './read-containment.ts';
import { readScan } from './scan.ts';
import { readSystemFacts } from './system/index.ts';
import {
  closedObjectAt,
  countAt,
  digestAt,
  flagAt,
  listAt,
  malformed,
  nullable,
  objectAt,
  oneOfAt,
  optional,
  textAt,
} from './json-shape.ts';
import type {
  EvidenceBuildAttestation,
  EvidenceDeployed,
  EvidenceDocument,
  EvidenceError,
  EvidenceImage,
  EvidencePart,
  EvidencePlatform,
  EvidenceSubject,
  EvidenceTrustedRoot,
} from './types.ts';

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;
const PARTS: readonly EvidencePart[] = [
  'resolve',
  'tag',
  'manifest',
  'referrers',
  'build-attestations',
  'layers',
  'scan',
  'comparison',
  'files',
  'trust',
];
const EXIT_CODES: readonly number[] = Object.values(ExitCode);

/** Gives parsed JSON the type of an evidence document. Blobs are not hashed here. @throws AppError EVIDENCE_MALFORMED */
export function readEvidenceDocument(value: JsonValue): EvidenceDocument {
  const root = closedObjectAt(value, 'evidence', [
    'apiVersion',
    'kind',
    'tool',
    'collectedAt',
    'images',
    'trustedRoots?',
    'blobs',
  ]);
  if (root['apiVersion'] !== 'waybill.dev/v1') malformed('evidence.apiVersion', '"waybill.dev/v1"');
  if (root['kind'] !== 'Evidence') malformed('evidence.kind', '"Evidence"');
  const tool = closedObjectAt(root['tool'], 'evidence.tool', ['name', 'version']);
  return {
    apiVersion: 'waybill.dev/v1',
    kind: 'Evidence',
    tool: {
      name: textAt(tool['name'], 'evidence.tool.name'),
      version: textAt(tool['version'], 'evidence.tool.version'),
    },
    collectedAt: readTime(root['collectedAt'], 'evidence.collectedAt'),
    images: listAt(root['images'], 'evidence.images', readImage),
    ...optional('trustedRoots', root['trustedRoots'], (roots) =>
      listAt(roots, 'evidence.trustedRoots', readTrustedRoot),
    ),
    blobs: readBlobs(root['blobs'], 'evidence.blobs'),
  };
}

function readTime(value: JsonValue | undefined, path: string): string {
  const text = textAt(value, path);
  return TIME.test(text) && !Number.isNaN(Date.parse(text)) ? text : malformed(path, 'an RFC 3339 time in UTC');
}

function readBlobs(value: JsonValue | undefined, path: string): Record<string, string> {
  const blobs: Record<string, string> = {};
  for (const [digest, encoded] of Object.entries(objectAt(value, path))) {
    if (!isDigest(digest)) malformed(path, 'keyed by digests');
    blobs[digest] = textAt(encoded, `${path}.${digest}`);
  }
  return blobs;
}

function readImage(value: JsonValue, path: string): EvidenceImage {
  const image = closedObjectAt(value, path, [
    'reference',
    'name',
    'requested',
    'deployed?',
    'digest',
    'tagDigest',
    'subjects',
    'buildAttestations?',
    'platforms',
    'errors',
  ]);
  const requested = closedObjectAt(image['requested'], `${path}.requested`, ['tag', 'digest']);
  return {
    reference: textAt(image['reference'], `${path}.reference`),
    name: nullable(image['name'], (name) => textAt(name, `${path}.name`)),
    requested: {
      tag: nullable(requested['tag'], (tag) => textAt(tag, `${path}.requested.tag`)),
      digest: nullable(requested['digest'], (digest) => digestAt(digest, `${path}.requested.digest`)),
    },
    ...optional('deployed', image['deployed'], (deployed) => readDeployed(deployed, `${path}.deployed`)),
    digest: nullable(image['digest'], (digest) => digestAt(digest, `${path}.digest`)),
    tagDigest: nullable(image['tagDigest'], (digest) => digestAt(digest, `${path}.tagDigest`)),
    subjects: listAt(image['subjects'], `${path}.subjects`, readSubject),
    ...optional('buildAttestations', image['buildAttestations'], (found) =>
      listAt(found, `${path}.buildAttestations`, readBuildAttestation),
    ),
    platforms: listAt(image['platforms'], `${path}.platforms`, readPlatform),
    errors: listAt(image['errors'], `${path}.errors`, readError),
  };
}

function readDeployed(value: JsonValue, path: string): EvidenceDeployed {
  const deployed = closedObjectAt(value, path, ['unpinned', 'places']);
  const { unpinned } = deployed;
  return {
    unpinned: unpinned === 'deny' || unpinned === 'warn' ? unpinned : malformed(`${path}.unpinned`, '"deny" or "warn"'),
    places: listAt(deployed['places'], `${path}.places`, (item, at) => {
      const place = closedObjectAt(item, at, ['file', 'line', 'column', 'path']);
      return {
        file: textAt(place['file'], `${at}.file`),
        line: countAt(place['line'], `${at}.line`),
        column: countAt(place['column'], `${at}.column`),
        path: textAt(place['path'], `${at}.path`),
      };
    }),
  };
}

function readTrustedRoot(value: JsonValue, path: string): EvidenceTrustedRoot {
  const trusted = closedObjectAt(value, path, ['source', 'root']);
  return { source: textAt(trusted['source'], `${path}.source`), root: digestAt(trusted['root'], `${path}.root`) };
}

function readBuildAttestation(value: JsonValue, path: string): EvidenceBuildAttestation {
  const attestation = closedObjectAt(value, path, ['subject', 'manifest', 'statements']);
  return {
    subject: digestAt(attestation['subject'], `${path}.subject`),
    manifest: digestAt(attestation['manifest'], `${path}.manifest`),
    statements: listAt(attestation['statements'], `${path}.statements`, digestAt),
  };
}

function readSubject(value: JsonValue, path: string): EvidenceSubject {
  const subject = closedObjectAt(value, path, ['digest', 'bundles', 'unreadable']);
  return {
    digest: digestAt(subject['digest'], `${path}.digest`),
    bundles: listAt(subject['bundles'], `${path}.bundles`, (item, at) => {
      const bundle = closedObjectAt(item, at, ['manifest', 'bundle']);
      return {
        manifest: digestAt(bundle['manifest'], `${at}.manifest`),
        bundle: digestAt(bundle['bundle'], `${at}.bundle`),
      };
    }),
    unreadable: listAt(subject['unreadable'], `${path}.unreadable`, (item, at) => {
      const referrer = closedObjectAt(item, at, ['manifest', 'code', 'reason']);
      return {
        manifest: digestAt(referrer['manifest'], `${at}.manifest`),
        code: textAt(referrer['code'], `${at}.code`),
        reason: textAt(referrer['reason'], `${at}.reason`),
      };
    }),
  };
}

function readPlatform(value: JsonValue, path: string): EvidencePlatform {
  const platform = closedObjectAt(value, path, [
    'manifest',
    'layersVerified',
    'scan',
    'unread?',
    'comparisons',
    'containments?',
    'traces?',
    'files?',
    'system?',
  ]);
  return {
    manifest: digestAt(platform['manifest'], `${path}.manifest`),
    layersVerified: flagAt(platform['layersVerified'], `${path}.layersVerified`),
    scan: nullable(platform['scan'], (scan) => readScan(scan, `${path}.scan`)),
    ...optional('unread', platform['unread'], (unread) => readListed(unread, `${path}.unread`, readUnreadPart)),
    comparisons: listAt(platform['comparisons'], `${path}.comparisons`, readComparison),
    ...optional('containments', platform['containments'], (found) =>
      listAt(found, `${path}.containments`, readContainment),
    ),
    ...optional('traces', platform['traces'], (traces) => readTraces(traces, `${path}.traces`)),
    ...optional('files', platform['files'], (files) => readLedgerFacts(files, `${path}.files`)),
    ...optional('system', platform['system'], (system) => readSystemFacts(system, `${path}.system`)),
  };
}

function readError(value: JsonValue, path: string): EvidenceError {
  const error = closedObjectAt(value, path, ['what', 'subject?', 'platform?', 'code', 'reason', 'exitCode']);
  const what = oneOfAt(error['what'], `${path}.what`, PARTS);
  const exitCode = countAt(error['exitCode'], `${path}.exitCode`);
  if (!EXIT_CODES.includes(exitCode) || exitCode === ExitCode.Passed)
    malformed(`${path}.exitCode`, 'the exit code of a failure');
  return {
    what,
    ...optional('subject', error['subject'], (subject) => digestAt(subject, `${path}.subject`)),
    ...optional('platform', error['platform'], (platform) => textAt(platform, `${path}.platform`)),
    code: textAt(error['code'], `${path}.code`),
    reason: textAt(error['reason'], `${path}.reason`),
    exitCode: exitCode as ExitCode,
  };
}
