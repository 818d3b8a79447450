import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { parse } from 'yaml';
import { lintPolicy, type PolicyProblem } from '../../src/policy/index.ts';
import { EXTENSION_NAMES } from '../../src/policy/signers/signers.ts';
import { readSchema } from '../support/cli/schemas.ts';
import { EVERY_WORD } from '../support/policy-words.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Path = readonly (string | number)[];

const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, validateFormats: false });
const schema = readSchema('policy');
const validate = ajv.compile(schema);

function* paths(value: Json, path: Path = []): Iterable<Path> {
  yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value))
    yield* paths(member, [...path, Array.isArray(value) ? Number(key) : key]);
}

function changed(value: Json, path: Path, replacement: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  if (Array.isArray(value))
    return value.map((item, index) => (index === key ? changed(item, rest, replacement) : item));
  const map = value as { [key: string]: Json };
  return { ...map, [key]: changed(map[key] ?? null, rest, replacement) };
}

/** How many places share one round through the pool. */
const STEP = 12;
const BASE = parse(EVERY_WORD) as Json;
const PATHS = [...paths(BASE)].filter((path) => path.length > 0);

/** Values that are right somewhere, and values that are right nowhere. */
const POOL: readonly Json[] = [
  null, true, false, 0, 1, 2, -1, 0.5, 1e300, '', ' ', 'x', '0', 'deny', 'warn', 'allow', 'off', 'all', 'none', 'content', 'claimed',
  'image', 'scratch', 'packages', 'enforce', 'cyclonedx', 'slsaprovenance1', 'cyclone', 'https://example.com/x', 'base', 'signatures',
  'provenance', '30d', '0d', '30', '1y', '2026-12-31', '2026-13-01', '2026-1-1', '2026-00-10', `sha256:${'d'.repeat(64)}`,
  `sha256:${'D'.repeat(64)}`, 'sha256:dd', `sha512:${'0'.repeat(128)}`, '../up', 'a/../b', '/etc/x', 'C:\\x', 'a..b', '\\x', 'keys/x.pub',
  'x\u0000y', '**', '*', 'a**', 'a**/b', '**/b', '***', 'a?b', 'a[b]', 'a\\b', 'registry.example.com/**', 'registry.example.com/a:1',
  'registry.example.com/a@b', 'registry.example.com', 'registry.example.com/', 'registry.example.com//a', 'registry.example.com/A',
  'REGISTRY.example.com/a', 'registry/a', 'localhost/a', 'localhost:5000/a', 'registry.example.com:99999999/a', '[::1]:5000/a', '**/a',
  'a..b/c', 'docker.io/debian', 'registry.example.com/./a', 'registry.example.com/../a', 'nginx', 'pkg:npm/x', 'pkg:npm', 'pkg:/npm/x',
  'linux/amd64', 'linux/arm/v7', 'linux', 'Linux/amd64', 'release-key', 'debian', 'IMG001', 'x'.repeat(513), 'x'.repeat(4097),
  [], [null], ['x'], ['debian'], ['release-key'], ['release-key', 'release-key'], [1], [[]], {}, { x: 1 }, { x: 'y' }, { deny: [] },
  { allow: ['debian'] }, { by: ['release-key'] }, { behind: '30d' }, { IMG001: 'deny' }, { IMG028: 'deny' }, { IMG001: 'on' },
  { digestPinned: true }, { key: 'k.pub' }, { issuer: 'https://i' }, { issuer: 'https://i', subject: 's', subjectRegexp: 's' },
  { surprise: true }, { runnerEnvironment: 'x' }, { runner: 'x' },
]; // prettier-ignore

/** What a schema cannot say: where names lead, what has two names, what adds up to nothing, what is written but no such thing. */
const BEYOND: ReadonlySet<PolicyProblem['code']> = new Set([
  'POLICY_UNKNOWN_NAME',
  'POLICY_DUPLICATE_NAME',
  'POLICY_BAD_REGEXP',
  'POLICY_NO_CHECKS',
  'POLICY_BAD_THRESHOLD',
]);

async function errorsOf(document: Json): Promise<readonly PolicyProblem[]> {
  const { problems } = await lintPolicy({ bytes: Buffer.from(JSON.stringify(document)), name: 'p' });
  return problems.filter(({ severity }) => severity === 'error');
}

/** Single problems that are beyond it too: an image entry without a lock, a range of versions, an identity that anybody meets. */
function isBeyond({ code, message, path }: PolicyProblem): boolean {
  return (
    BEYOND.has(code) ||
    /has no "lock" to match with/.test(message) ||
    (code === 'POLICY_BAD_VALUE' && /\.versions$|^identities\.[^.]+$/.test(path))
  );
}

/** How schema and reader disagree about a document; undefined when they do not. */
async function disagreement(document: Json): Promise<string | undefined> {
  const errors = await errorsOf(document);
  const accepted = validate(document);
  if (errors.length === 0) return accepted ? undefined : `only the schema refuses: ${JSON.stringify(validate.errors)}`;
  const certain = errors.filter((problem) => !isBeyond(problem));
  return accepted && certain.length > 0 ? `only the reader refuses: ${JSON.stringify(certain)}` : undefined;
}

describe('schema and reader of policies', () => {
  test('agree on values of a pool in every place', async () => {
    const found: string[] = [];
    for (const [index, path] of PATHS.entries()) {
      // each place meets another part of the pool; all of it everywhere would take minutes
      for (let at = index % STEP; at < POOL.length; at += STEP) {
        const value = POOL[at] ?? null;
        const told = await disagreement(changed(BASE, path, value));
        if (told !== undefined) found.push(`${path.join('.')} = ${JSON.stringify(value).slice(0, 80)}: ${told}`);
      }
    }
    assert.deepEqual(found, []);
  });

  test('agree on several changes at once', async () => {
    const change = fc.tuple(fc.constantFrom(...PATHS), fc.constantFrom(...POOL));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 2, maxLength: 4 }), async (changes) => {
        let document = BASE;
        for (const [path, value] of changes) {
          // a path may lead nowhere any more
          if (typeof document === 'object' && document !== null) document = tryChange(document, path, value);
        }
        assert.equal(await disagreement(document), undefined, JSON.stringify(changes));
      }),
      { numRuns: 400 },
    );
  });

  test('name the same certificate extensions', () => {
    const defs = schema['$defs'] as {
      identity: { oneOf: { properties: { extensions?: { propertyNames: { enum: string[] } } } }[] };
    };
    const names = defs.identity.oneOf.flatMap(({ properties }) => properties.extensions?.propertyNames.enum ?? []);
    assert.deepEqual(names.toSorted(), [...EXTENSION_NAMES].toSorted());
  });

  test('every key is described, and every example is accepted', async () => {
    const undescribed: string[] = [];
    walkSchemas(schema, '', (at, part) => {
      for (const [key, property] of Object.entries(
        (part['properties'] ?? {}) as Record<string, { description?: string; $ref?: string }>,
      )) {
        // conditions repeat properties; what they are is told where they stand
        if (/\/(?:if|then|allOf|anyOf)(?:\/|$)/.test(at)) continue;
        if (property.description === undefined && property.$ref === undefined) undescribed.push(`${at}/${key}`);
      }
    });
    assert.deepEqual(undescribed, []);
    const [example] = schema['examples'] as Json[];
    assert.deepEqual(await errorsOf(example ?? null), []);
    const partial = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, validateFormats: false });
    partial.addSchema(schema);
    let examples = 0;
    walkSchemas(schema, '', (at, part) => {
      for (const value of (part['examples'] ?? []) as Json[]) {
        examples += 1;
        const check = partial.getSchema(`${String(schema['$id'])}#${at}`);
        assert.ok(check?.(value), `${at}: ${JSON.stringify(value)} ${JSON.stringify(check?.errors)}`);
      }
    });
    assert.ok(examples > 30);
  });
});

function tryChange(document: Json, path: Path, value: Json): Json {
  try {
    return changed(document, path, value);
  } catch {
    return document;
  }
}

/** Every schema within a schema, with its JSON pointer. */
function walkSchemas(part: unknown, at: string, visit: (at: string, part: Record<string, unknown>) => void): void {
  if (typeof part !== 'object' || part === null) return;
  if (!Array.isArray(part)) visit(at, part as Record<string, unknown>);
  for (const [key, member] of Object.entries(part)) {
    if (key === 'examples' || key === 'const' || key === 'enum' || key === 'default' || key === 'required') continue;
    walkSchemas(member, `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, visit);
  }
}
