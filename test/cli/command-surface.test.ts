import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { commandNames, commandSurface, SNAPSHOT } from '../support/cli/command-surface.ts';
import { readSchema, resultSchemaName } from '../support/cli/schemas.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('command surface', () => {
  test('is the one of the snapshot: change it on purpose, say so in CHANGELOG.md, then npm run snapshot', async () => {
    const current: unknown = JSON.parse(JSON.stringify(await commandSurface()));
    assert.deepEqual(current, JSON.parse(readFileSync(SNAPSHOT, 'utf8')));
  });

  test('every command has a schema for its result', async () => {
    const names = await commandNames();
    assert.ok(names.length >= 13);
    for (const name of names)
      assert.ok(existsSync(join(ROOT, 'schemas', `${resultSchemaName(name)}.schema.json`)), `${name} has no schema`);
  });

  test('every command has a summary, a long-flag or argument example, and a summary for each flag', async () => {
    for (const file of globSync('src/commands/**/*.ts', { cwd: ROOT })) {
      const { default: command } = (await import(join(ROOT, file))) as {
        default: { summary?: string; examples?: readonly string[]; flags?: Record<string, { summary?: string }> };
      };
      assert.ok(command.summary?.endsWith('.'), `${file}: a summary is a sentence`);
      assert.ok((command.examples ?? []).length > 0, `${file}: no example`);
      for (const [name, flag] of Object.entries(command.flags ?? {}))
        assert.ok(flag.summary?.endsWith('.'), `${file}: --${name} has no sentence`);
    }
  });

  test('every schema says where it lives and describes itself', () => {
    for (const file of globSync('schemas/*.schema.json', { cwd: ROOT })) {
      const name = file.replace(/^schemas\//, '').replace(/\.schema\.json$/, '');
      const schema = readSchema(name);
      assert.equal(schema['$id'], `https://waybill.dev/schemas/${name}.schema.json`);
      assert.equal(schema['$schema'], 'https://json-schema.org/draft/2020-12/schema');
      assert.ok(typeof schema['title'] === 'string' && typeof schema['description'] === 'string', name);
    }
  });
});
