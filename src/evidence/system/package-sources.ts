import { compareCodeUnits } from '../../core/index.ts';
import type { CaptureRule, FileView } from '../../filesystem/index.ts';
import type { SourceFact } from './types.ts';

const RULE = 'system/package-sources';

/** Where package managers are told what they may install from. */
export const SOURCES_CAPTURE: CaptureRule = {
  id: RULE,
  names: ['pip.conf'],
  pathSuffixes: ['etc/apt/sources.list', 'etc/apt/apt.conf', 'etc/yum.conf', 'etc/dnf/dnf.conf', 'etc/zypp/zypp.conf'],
  directories: ['etc/apt/sources.list.d', 'etc/apt/apt.conf.d', 'etc/yum.repos.d', 'etc/zypp/repos.d'],
  maxBytes: 4 * 1024 * 1024,
};

interface Setting {
  readonly files: RegExp;
  readonly line: RegExp;
  readonly setting: string;
}

const APT = /^etc\/apt\//;
const RPM = /^etc\/(?:yum|dnf|zypp)/;

const SETTINGS: readonly Setting[] = [
  { files: APT, line: /^\s*deb(?:-src)?\s+\[[^\]]{0,1000}\btrusted=yes\b/i, setting: 'trusted=yes' },
  { files: APT, line: /^\s*deb(?:-src)?\s+\[[^\]]{0,1000}\ballow-insecure=yes\b/i, setting: 'allow-insecure=yes' },
  { files: APT, line: /^\s*Trusted\s*:\s*yes\b/i, setting: 'Trusted: yes' },
  { files: APT, line: /^\s*Allow-Insecure\s*:\s*yes\b/i, setting: 'Allow-Insecure: yes' },
  { files: APT, line: /\bAllowUnauthenticated\s+"?(?:true|yes|1)\b/i, setting: 'AllowUnauthenticated' },
  { files: APT, line: /\bAllowInsecureRepositories\s+"?(?:true|yes|1)\b/i, setting: 'AllowInsecureRepositories' },
  { files: APT, line: /\bVerify-(?:Peer|Host)\s+"?(?:false|no|0)\b/i, setting: 'Verify-Peer false' },
  { files: RPM, line: /^\s*(?:pkg_)?gpgcheck\s*=\s*(?:0|no|false|off)\b/i, setting: 'gpgcheck=0' },
  { files: RPM, line: /^\s*sslverify\s*=\s*(?:0|no|false|off)\b/i, setting: 'sslverify=0' },
  { files: /pip\.conf$/, line: /^\s*trusted-host\s*=/i, setting: 'trusted-host' },
];
const MAX_LINE = 4096;

/** Settings of package managers that accept what nobody signed, or who they do not know. Comments are none. */
export function untrustedSources(view: FileView): readonly SourceFact[] {
  const found = view.captured(RULE).flatMap(({ entry, bytes }) => {
    const rules = SETTINGS.filter(({ files }) => files.test(entry.path));
    const lines = new TextDecoder('latin1').decode(bytes).split('\n');
    const settings = rules.filter(({ line }) =>
      lines.some((text) => isSetting(text) && line.test(text.slice(0, MAX_LINE))),
    );
    return settings.map(({ setting }) => ({ path: `/${entry.path}`, layer: Math.max(0, entry.layer), setting }));
  });
  return found.toSorted((a, b) => compareCodeUnits(a.path, b.path) || compareCodeUnits(a.setting, b.setting));
}

function isSetting(line: string): boolean {
  return !/^\s*(?:#|\/\/|;)/.test(line);
}
