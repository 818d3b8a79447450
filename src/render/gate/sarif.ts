import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compareCodeUnits, inertJson, safeText, sha256Hex } from '../../core/index.ts';
import type { CheckResult, Decision } from '../../policy/index.ts';
import {
  checkTitle,
  locatedResults,
  placesInFiles,
  REPLAY_WORDS,
  situation,
  type GateRenderOptions,
  type LocatedResult,
} from './located-results.ts';

const LEVELS = { fail: 'error', error: 'error', warn: 'warning', excepted: 'note', pass: 'none' } as const;

/**
 * A decision as SARIF 2.1.0: a result for everything that did not pass, located in the manifests that name the image where there are some, and by the image's name
 * always. Rules are reason codes. Fingerprints do not depend on digests, so that a finding keeps its identity from build to build.
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
 */
export function renderSarif(decision: Decision, options: GateRenderOptions = {}): string {
  const found = decision.images.flatMap(locatedResults).filter(({ result }) => result.outcome !== 'pass');
  const codes = [...new Set(found.map(({ result }) => result.code))].toSorted(compareCodeUnits);
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: decision.tool.name,
            version: decision.tool.version,
            rules: codes.map((code) => rule(code, found)),
          },
        },
        columnKind: 'utf16CodeUnits',
        automationDetails: { id: `waybill-gate/${decision.policy.name === null ? '' : `${decision.policy.name}/`}` },
        results: found.map((located) => sarifResult(located, codes)),
        properties: {
          verdict: decision.verdict,
          exitCode: decision.exitCode,
          decidedAt: decision.decidedAt,
          policyDigest: decision.policy.digest,
          evidenceDigest: decision.evidence.digest,
          images: decision.images.map(({ reference, digest, verdict }) => ({ reference, digest, verdict })),
          ...(options.replay === true ? { replay: REPLAY_WORDS } : {}),
        },
      },
    ],
  };
  return inertJson(JSON.stringify(log, undefined, 2));
}

function rule(code: string, found: readonly LocatedResult[]): object {
  const check = found.find(({ result }) => result.code === code)?.result.check ?? 'gate';
  const words = code.toLowerCase().replaceAll('_', ' ');
  return {
    id: code,
    name: code.toLowerCase().replaceAll(/(?:^|_)([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase()),
    shortDescription: { text: `${check}: ${words}` },
    fullDescription: { text: `Reason code ${code} of the check "${check}" of a waybill policy.` },
    defaultConfiguration: { level: 'error' },
  };
}

function sarifResult(located: LocatedResult, codes: readonly string[]): object {
  const { result } = located;
  const remedy = result.remedy === undefined ? '' : ` To pass: ${result.remedy}.`;
  return {
    ruleId: result.code,
    ruleIndex: codes.indexOf(result.code),
    level: LEVELS[result.outcome],
    message: { text: plain(`${situation(located)}.${remedy}`) },
    locations: locations(located),
    partialFingerprints: { 'waybillGate/v1': fingerprint(located) },
    ...suppressions(result),
    properties: { check: checkTitle(result), outcome: result.outcome, basis: result.basis },
  };
}

/** Message text may hold links in the form of Markdown's, and placeholders: brackets and braces are escaped. */
function plain(text: string): string {
  return safeText(text)
    .replaceAll(/[\\[\]]/g, String.raw`\$&`)
    .replaceAll('{', '{{')
    .replaceAll('}', '}}');
}

function locations({ image, platform }: LocatedResult): readonly object[] {
  const logicalLocations = [
    {
      name: image.reference,
      fullyQualifiedName: `${image.name ?? image.reference}${image.digest === null ? '' : `@${image.digest}`}`,
      kind: 'resource',
    },
    ...(platform === undefined
      ? []
      : [{ name: platform.platform ?? 'unknown platform', fullyQualifiedName: platform.manifest, kind: 'resource' }]),
  ];
  const places = placesInFiles(image);
  if (places.length === 0) return [{ logicalLocations }];
  return places.map(({ file, line, column }) => ({
    physicalLocation: {
      artifactLocation: { uri: uriOf(file) },
      region: { startLine: line, startColumn: column },
    },
    logicalLocations,
  }));
}

/** A relative reference for what lies below the working directory, `file:` for absolute paths. */
function uriOf(file: string): string {
  if (isAbsolute(file)) return pathToFileURL(file).href;
  const path = file.replaceAll('\\', '/').split('/').map(encodeSegment).join('/');
  return path.replace(/^(?:\.\/)+/, '');
}

/** Lone surrogates have no encoding. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment.toWellFormed());
}

function fingerprint({ image, platform, rule, result }: LocatedResult): string {
  const parts = [
    image.name ?? image.reference,
    platform?.platform ?? '',
    rule?.rule ?? '',
    checkTitle(result),
    result.code,
  ];
  return sha256Hex(JSON.stringify(parts)).slice(0, 32);
}

function suppressions({ outcome, exception }: CheckResult): object {
  if (outcome !== 'excepted') return {};
  const justification =
    exception === undefined ? '' : `${exception.reason} (${exception.owner}, until ${exception.lastDay})`;
  return { suppressions: [{ kind: 'external', status: 'accepted', justification }] };
}
