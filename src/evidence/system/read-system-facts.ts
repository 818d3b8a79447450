import type { JsonValue } from '../../core/index.ts';
import { closedObjectAt, nullable, optional, textAt } from '../json-shape.ts';
import type { SystemFacts } from './types.ts';

/** Gives parsed JSON the type of system facts. @throws AppError EVIDENCE_MALFORMED */
export function readSystemFacts(value: JsonValue, path: string): SystemFacts {
  const facts = closedObjectAt(value, path, ['osRelease']);
  return {
    osRelease: nullable(facts['osRelease'], (item) => {
      const release = closedObjectAt(item, `${path}.osRelease`, ['id', 'versionId?']);
      return {
        id: textAt(release['id'], `${path}.osRelease.id`),
        ...optional('versionId', release['versionId'], (text) => textAt(text, `${path}.osRelease.versionId`)),
      };
    }),
  };
}
