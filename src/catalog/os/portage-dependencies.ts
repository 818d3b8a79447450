import type { EdgeBudget } from '../edge-budget.ts';

const ATOM = /^!{0,2}[<>=~]{0,2}([A-Za-z0-9+_.-]{1,100}\/[A-Za-z0-9+_.-]{1,200})/;

/** `app-misc/foo-1.2_p3-r1` in two; undefined when there is no version in it. @see https://projects.gentoo.org/pms/8/pms.html#x1-250003.2 */
export function splitVersion(text: string): { readonly name: string; readonly version: string } | undefined {
  const match = /^(.+?)-(\d+(?:\.\d+)*[a-z]?(?:_(?:alpha|beta|pre|rc|p)\d*)*(?:-r\d+)?)$/.exec(text);
  return match === null ? undefined : { name: match[1]!, version: match[2]! };
}

/**
 * `category/name` of every atom in a dependency field, without versions, slots and USE flags; blockers (`!x`) and the flags of conditions are left out. Every
 * alternative of `|| ( a b )` counts: those that are installed serve.
 */
export function* portageAtoms(field: string, budget: EdgeBudget): Generator<string> {
  for (let start = 0; start < field.length && budget.take(1);) {
    let end = start;
    while (end < field.length && !/\s/.test(field[end]!)) end++;
    const word = field.slice(start, Math.min(end, start + 400));
    start = end + 1;
    const match = word.startsWith('!') || word.endsWith('?') ? null : ATOM.exec(word);
    if (match === null) continue;
    const name = match[1]!.replace(/\.?\*$/, '');
    yield /^[<>=~]/.test(word) ? (splitVersion(name)?.name ?? name) : name;
  }
}
