import type { JsonValue } from '../core/index.ts';
import type { BaseContainment, SystemTraces } from '../provenance/index.ts';
import { closedObjectAt, countAt, digestAt, listAt, optional, textAt } from './json-shape.ts';
import { readComparison } from './read-comparison.ts';

/** Gives parsed JSON the type of a file-by-file comparison with a locked base. @throws AppError EVIDENCE_MALFORMED */
export function readContainment(value: JsonValue, path: string): BaseContainment {
  const found = closedObjectAt(value, path, [
    'fileList',
    'total',
    'matched',
    'missing',
    'changed',
    'extra',
    'extraFiles',
    'comparison?',
  ]);
  return {
    fileList: digestAt(found['fileList'], `${path}.fileList`),
    total: countAt(found['total'], `${path}.total`),
    matched: countAt(found['matched'], `${path}.matched`),
    missing: listAt(found['missing'], `${path}.missing`, textAt),
    changed: listAt(found['changed'], `${path}.changed`, textAt),
    extra: countAt(found['extra'], `${path}.extra`),
    extraFiles: listAt(found['extraFiles'], `${path}.extraFiles`, textAt),
    ...optional('comparison', found['comparison'], (comparison) => readComparison(comparison, `${path}.comparison`)),
  };
}

/** Gives parsed JSON the type of traces of an operating system. @throws AppError EVIDENCE_MALFORMED */
export function readTraces(value: JsonValue, path: string): SystemTraces {
  const traces = closedObjectAt(value, path, ['databases', 'loaders', 'shells', 'keyrings', 'repositories']);
  const texts = (key: keyof SystemTraces): readonly string[] => listAt(traces[key], `${path}.${key}`, textAt);
  return {
    databases: texts('databases'),
    loaders: texts('loaders'),
    shells: texts('shells'),
    keyrings: texts('keyrings'),
    repositories: texts('repositories'),
  };
}
