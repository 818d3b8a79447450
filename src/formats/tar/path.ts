import { LIMITS } from '../../core/index.ts';
import { tarError } from './errors.ts';

/**
 * A member's name as a path inside the archive's root: no leading slash, no empty or `.` segments, `..` taken away with the segment before it;
 * '' is the root.
 * @throws AppError TAR_PATH_ESCAPE when `..` would leave the root, TAR_LIMIT beyond `LIMITS.pathBytes`
 */
export function normalizePath(name: string): string {
  if (name.length > LIMITS.pathBytes) {
    throw tarError('TAR_LIMIT', `a path of ${name.length} characters, more than the ${LIMITS.pathBytes} allowed`);
  }
  if (isPlain(name)) return name;
  const segments: string[] = [];
  for (const segment of name.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') {
      if (segments.pop() === undefined) throw tarError('TAR_PATH_ESCAPE', `${JSON.stringify(name)} leaves the root`);
    } else segments.push(segment);
  }
  return segments.join('/');
}

/** The common case, decided without allocation: nothing to normalise. */
function isPlain(name: string): boolean {
  const length = name.length;
  let start = 0;
  for (let index = 0; index <= length; index += 1) {
    if (index < length && name.charCodeAt(index) !== 0x2f) continue;
    const segment = index - start;
    if (segment === 0) return false;
    if (segment <= 2 && name.charCodeAt(start) === 0x2e && (segment === 1 || name.charCodeAt(start + 1) === 0x2e)) {
      return false;
    }
    start = index + 1;
  }
  return true;
}
