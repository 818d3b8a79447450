import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const SCHEMAS = join(import.meta.dirname, '../../../schemas');

export function readSchema(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(SCHEMAS, `${name}.schema.json`), 'utf8')) as Record<string, unknown>;
}

const compiled = new Map<string, ValidateFunction>();

/** The validator of `schemas/NAME.schema.json`, which may refer to others of the folder. */
export function schemaValidator(name: string): ValidateFunction {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
  formats.default(ajv);
  if (name.startsWith('gate-')) ajv.addSchema([readSchema('decision'), readSchema('evidence')]);
  const validate = ajv.compile(readSchema(name));
  compiled.set(name, validate);
  return validate;
}

/** The name of the schema of a command's `--json` result. The lock file itself is `base-lock`. */
export function resultSchemaName(command: string): string {
  return command === 'base lock' ? 'base-lock-result' : command.replaceAll(' ', '-');
}

/** Asserts that a command's `--json` output is one JSON document of its schema, and returns it. */
export function parseResult(name: string, stdout: string): Record<string, unknown> {
  const value = JSON.parse(stdout) as Record<string, unknown>;
  const validate = schemaValidator(name);
  assert.ok(validate(value), `${name}: ${JSON.stringify(validate.errors?.slice(0, 5), undefined, 2)}`);
  return value;
}
