/** Hosts on which the owner and the name of a repository are all of a module's path but for its major version. */
const REPOSITORY_HOSTS: ReadonlySet<string> = new Set(['github.com', 'gitlab.com', 'bitbucket.org', 'codeberg.org']);
const PATH = /^[A-Za-z0-9-]{1,64}(?:\.[A-Za-z0-9-]{1,64}){1,8}(?:\/[A-Za-z0-9_~!+-][A-Za-z0-9._~!+-]{0,127}){1,32}$/;

/**
 * What a Go program is called that was built without modules, as distributions do: nothing then says which module it is of, or what was linked into it. By
 * the import path of its main package: `github.com/docker/cli` of `github.com/docker/cli/cmd/docker`.
 * @param packagePath hostile
 * @returns undefined for programs of the Go distribution itself (`cmd/go`), and where the path has no host
 */
export function unlistedProgram(packagePath: string | undefined): string | undefined {
  if (packagePath === undefined || !PATH.test(packagePath)) return undefined;
  const [host = '', ...segments] = packagePath.split('/');
  if (REPOSITORY_HOSTS.has(host)) {
    const major = segments[2];
    const length = major !== undefined && /^v[2-9]\d{0,3}$|^v1\d{1,3}$/.test(major) ? 3 : 2;
    return [host, ...segments.slice(0, length)].join('/');
  }
  const commands = segments.indexOf('cmd');
  return [host, ...(commands < 1 ? segments : segments.slice(0, commands))].join('/');
}
