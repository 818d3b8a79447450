/**
 * Versions by module from `perllocal.pod`, to which installing appends. Of several entries for one module the last counts. Never throws.
 * @see https://perldoc.perl.org/ExtUtils::Install
 */
export function readPerlLocal(text: string): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  let module: string | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('=head2')) {
      module = /C<Module> L<([\w:]{1,256})\|/.exec(line.slice(0, 1024))?.[1];
      if (module !== undefined) versions.delete(module);
      continue;
    }
    const version = line.startsWith('C<VERSION: ') ? /^C<VERSION: ([!-~]{1,128}?)>/.exec(line)?.[1] : undefined;
    if (module !== undefined && version !== undefined && version !== 'undef') versions.set(module, version);
  }
  return versions;
}
