import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { HOST_BUILTINS } from '../../../src/policy/rego/builtins/registry.ts';
import { parseTerm, writeTerm, type Term } from '../../../src/policy/rego/builtins/term.ts';
import { evaluateWithOpa } from '../../support/opa.ts';
import { missingPeers } from '../../support/peers.ts';
import CASES from './builtin-cases.json' with { type: 'json' };

interface BuiltinCase {
  readonly name: string;
  readonly operands: readonly string[];
  /** As Rego text; absent when undefined. */
  readonly result?: string;
}
const cases: readonly BuiltinCase[] = CASES;

function call(name: string, operands: readonly string[]): string | undefined {
  const builtin = HOST_BUILTINS.find((candidate) => candidate.name === name);
  assert.ok(builtin !== undefined, name);
  const result = builtin.call(...operands.map((operand) => parseTerm(operand)));
  return result === undefined ? undefined : writeTerm(result);
}

describe('host builtins', () => {
  for (const { name } of HOST_BUILTINS) {
    test(`${name} gives what opa gives`, () => {
      const own = cases.filter((item) => item.name === name);
      assert.ok(own.length >= 3, `only ${own.length} cases`);
      for (const { operands, result } of own) assert.equal(call(name, operands), result, operands.join(', '));
    });
  }

  test('are registered once each, and none reaches the world outside', () => {
    const names = HOST_BUILTINS.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(
      names.filter((name) => /^(?:http|net|opa|rand|uuid)\.|now_ns|^trace$|^print/.test(name)),
      [],
    );
  });

  test('what opa can do and they cannot ends the evaluation instead of giving another result', () => {
    assert.throws(() => call('time.date', ['[0, "Europe/Berlin"]']), /time zones/);
    assert.throws(() => call('time.parse_duration_ns', ['"3d"']), /days/);
    assert.throws(() => call('sprintf', ['"%[1]v"', '[1]']), /not supported/);
    assert.throws(() => call('sprintf', ['"%d"', '[9223372036854775808]']), /64 bits/);
  });

  test('operands of other types are undefined, as for opa', () => {
    for (const { name } of HOST_BUILTINS.filter((builtin) => builtin.name !== 'semver.is_valid'))
      assert.equal(call(name, ['null', 'null', 'null', 'null']), undefined, name);
    assert.equal(call('semver.is_valid', ['null']), 'false');
  });

  test('opa itself says so', { skip: missingPeers('opa') }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'waybill-opa-'));
    try {
      const module = join(folder, 'cases.rego');
      // operands that are JSON come as input, so that opa does not refuse their types before it evaluates
      const operand = (text: string, at: string): string => (isJson(text) ? `input["${at}"]` : text);
      const rules = cases.map(
        ({ name, operands }, index) =>
          `c${index} := [${name}(${operands.map((text, at) => operand(text, `${index} ${at}`)).join(', ')})]`,
      );
      writeFileSync(module, `package cases\n${rules.join('\n')}\n`);
      const given = cases.flatMap(({ operands }, index) =>
        operands.flatMap((text, at) => (isJson(text) ? [`"${index} ${at}":${text}`] : [])),
      );
      const said = evaluateWithOpa([module], 'data.cases', `{${given.join(',')}}`);
      const wanted = cases.flatMap(({ result }, index) => (result === undefined ? [] : [`"c${index}":[${result}]`]));
      assert.deepEqual(new Set(said?.slice(1, -1).split(/,(?="c\d+":)/)), new Set(wanted));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('parseTerm', () => {
  const term: fc.Arbitrary<Term> = fc.letrec<{ term: Term }>((tie) => ({
    term: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constant(null),
      fc.boolean(),
      fc.string({ unit: 'binary' }),
      fc.bigInt().map((value) => ({ number: String(value) })),
      fc.array(tie('term'), { maxLength: 4 }),
      fc.array(tie('term'), { maxLength: 4 }).map((set) => ({ set })),
      fc.array(fc.tuple(tie('term'), tie('term')), { maxLength: 4 }).map((entries) => ({ entries })),
    ),
  })).term;

  test('reads what writeTerm writes', () => {
    fc.assert(
      fc.property(term, (value) => {
        const text = writeTerm(value);
        assert.equal(writeTerm(parseTerm(text)), text);
      }),
    );
  });

  test('refuses anything else, and nesting without end, with an error', () => {
    for (const text of ['', '{', '{1:', '[1', '[1}', '"', '1 2', 'nul', '{1,}', '-', 'set(', '['.repeat(100_000)])
      assert.throws(() => parseTerm(text), Error, text.slice(0, 20));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'[]{}:,"1 tsn\\') }), (text) => {
        try {
          parseTerm(text);
        } catch (error) {
          assert.ok(error instanceof Error && !(error instanceof RangeError));
        }
      }),
    );
  });
});
