import { compareCodeUnits } from '../../core/index.ts';
import { hidingLayers, layerCaptures, type FileView, type LayerStack } from '../../filesystem/index.ts';
import { isSecretVariable, SECRET_RULES, type SecretRule } from './secret-rules.ts';
import type { SecretFact } from './types.ts';

/** Folders of tests and examples, inside a package or its documentation: what they hold opens nothing. */
const EXAMPLE_FOLDER = /^(?:tests?|testing|testdata|__tests__|specs?|fixtures?|examples?|samples?|mocks?)$/i;
const PACKAGE_FOLDER =
  /(?:^|\/)(?:node_modules|site-packages|dist-packages|vendor|gems|bower_components|pkg\/mod)\/|^usr\/(?:local\/)?(?:share\/doc|lib\/(?:python[0-9.]+|go|ruby|node_modules|perl[0-9.]*)|share\/(?:perl[0-9]*|perl\/))\//;

export interface FoundSecrets {
  /** By path, then layer, then kind. */
  readonly secrets: readonly SecretFact[];
  /** Files that look like secrets among tests and examples of packages. */
  readonly examples: number;
}

/**
 * Files of any layer whose content shows that they are secrets, by the rules. A file that a package brings among its tests or examples is none; the
 * application's own tests are not excused. Nothing of the content is kept.
 */
export function findSecrets(stack: LayerStack, view: FileView): FoundSecrets {
  const rules = new Map(SECRET_RULES.map((rule) => [rule.capture.id, rule]));
  const found: SecretFact[] = [];
  const examples = new Set<string>();
  for (const { ruleId, path, bytes, layer } of layerCaptures(stack, [...rules.keys()])) {
    const rule = rules.get(ruleId);
    if (rule === undefined || !holdsSecret(rule, bytes)) continue;
    if (isExample(path)) examples.add(path);
    else found.push({ path, kind: rule.kind, layer });
  }
  const hidden = found.filter(({ path, layer }) => {
    const now = view.lookup(path);
    return now === undefined || now.layer !== layer;
  });
  const removed = hidingLayers(stack, hidden);
  const removedIn = new Map(hidden.map((fact, index) => [fact, removed[index]]));
  const facts = found.map((fact): SecretFact => {
    const removedInLayer = removedIn.get(fact);
    const place = { path: `/${fact.path}`, kind: fact.kind, layer: Math.max(0, fact.layer) };
    return removedInLayer === undefined ? place : { ...place, removedInLayer };
  });
  return { secrets: facts.toSorted(compareSecrets), examples: examples.size };
}

function compareSecrets(a: SecretFact, b: SecretFact): number {
  return compareCodeUnits(a.path, b.path) || a.layer - b.layer || compareCodeUnits(a.kind, b.kind);
}

function isExample(path: string): boolean {
  const folders = path.split('/').slice(0, -1);
  return PACKAGE_FOLDER.test(path) && folders.some((folder) => EXAMPLE_FOLDER.test(folder));
}

/** @param bytes what the scan for patterns kept (JSON), or the file itself */
function holdsSecret(rule: SecretRule, bytes: Uint8Array): boolean {
  if (rule.assignments) return assignments(bytes).some(([name, value]) => isSecretVariable(name, value));
  return readHits(bytes).some(({ offset }) => !rule.atStart || offset === 0);
}

const MAX_LINE = 4096;

/** Lines of a file of variables: `NAME=value`, `export NAME="value"`. */
function assignments(bytes: Uint8Array): readonly (readonly [string, string])[] {
  const lines = new TextDecoder('latin1').decode(bytes).split('\n');
  return lines.flatMap((line) => {
    const found = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]{0,255})[ \t]*=(.*)$/.exec(line.slice(0, MAX_LINE));
    return found === null ? [] : [[found[1] ?? '', (found[2] ?? '').trim()] as const];
  });
}

/** Matches of a scan for patterns, as the layer pass wrote them; nothing when they are not what it writes. */
export function readHits(
  bytes: Uint8Array,
): readonly { readonly offset: number; readonly name?: string; readonly value?: string }[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return [];
  }
  if (!Array.isArray(parsed)) return [];
  return (parsed as readonly Partial<Record<'offset' | 'groups', unknown>>[]).map((hit) => {
    const groups = (hit.groups ?? {}) as Readonly<Record<string, unknown>>;
    const { name, value } = groups;
    return {
      offset: typeof hit.offset === 'number' ? hit.offset : -1,
      ...(typeof name === 'string' ? { name } : {}),
      ...(typeof value === 'string' ? { value } : {}),
    };
  });
}
