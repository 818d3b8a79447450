import { LIMITS } from '../../core/index.ts';
import { tarError } from './errors.ts';

const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * A member's name as a path inside the archive's root: no leading slash, no empty or `.` segments, `..` taken away with the segment before it;
 * '' is the root.
 * @throws AppError TAR_PATH_ESCAPE when `..` would leave the root, TAR_LIMIT beyond `LIMITS.pathBytes`
 */
export function normalizePath(name: string): string {
  if (name.length > LIMITS.pathBytes) {
    throw tarError('TAR_LIMIT', `a path of ${name.length} characters, more than the ${LIMITS.pathBytes} allowed`);
  }
  const trimmed = trim(name);
  if (isPlain(trimmed)) return trimmed;
  const segments: string[] = [];
  for (const segment of name.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') {
      if (segments.pop() === undefined) throw tarError('TAR_PATH_ESCAPE', `${JSON.stringify(name)} leaves the root`);
    } else segments.push(segment);
  }
  return segments.join('/');
}

/** Without the `./` that many archives put in front, and the slash behind folders. */
function trim(name: string): string {
  const start = name.startsWith('./') ? 2 : 0;
  const end = name.endsWith('/') ? name.length - 1 : name.length;
  return end - start === name.length ? name : name.slice(start, Math.max(start, end));
}

/** The common case, decided without allocation: nothing to normalise. */
function isPlain(name: string): boolean {
  const last = name.length - 1;
  if (last < 0 || name.charCodeAt(0) === SLASH || name.charCodeAt(last) === SLASH || name.includes('//')) return false;
  return !beginsWithDots(name, 0) && !hasDotSegment(name);
}

function hasDotSegment(name: string): boolean {
  for (let at = name.indexOf('/.'); at >= 0; at = name.indexOf('/.', at + 1)) {
    if (beginsWithDots(name, at + 1)) return true;
  }
  return false;
}

/** Whether the segment that begins here is `.` or `..`. */
function beginsWithDots(name: string, start: number): boolean {
  if (name.charCodeAt(start) !== DOT) return false;
  const end = name.charCodeAt(start + 1) === DOT ? start + 2 : start + 1;
  return end === name.length || name.charCodeAt(end) === SLASH;
}
