/**
 * Where a worker thread's entry lies. Sources run as they are in development (`.ts` beside the caller); the build puts every worker at
 * `dist/workers/<name>.js`.
 * @param callerUrl the caller's `import.meta.url`
 * @param name the entry's file name without extension, in the caller's folder
 */
export function workerUrl(callerUrl: string, name: string): URL {
  if (callerUrl.endsWith('.ts')) return new URL(`./${name}.ts`, callerUrl);
  const root = callerUrl.slice(0, callerUrl.lastIndexOf('/dist/') + '/dist/'.length);
  return new URL(`workers/${name}.js`, root);
}
