import type { JsonValue } from '../core/index.ts';
import type { BaseContainment } from '../provenance/index.ts';
import { closedObjectAt, countAt, digestAt, listAt, textAt } from './json-shape.ts';

/** Gives parsed JSON the type of a file-by-file comparison with a locked base. @throws AppError EVIDENCE_MALFORMED */
export function readContainment(value: JsonValue, path: string): BaseContainment {
  const found = closedObjectAt(value, path, ['fileList', 'total', 'matched', 'missing', 'changed', 'extra']);
  return {
    fileList: digestAt(found['fileList'], `${path}.fileList`),
    total: countAt(found['total'], `${path}.total`),
    matched: countAt(found['matched'], `${path}.matched`),
    missing: listAt(found['missing'], `${path}.missing`, textAt),
    changed: listAt(found['changed'], `${path}.changed`, textAt),
    extra: countAt(found['extra'], `${path}.extra`),
  };
}
