import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classifyBytes } from '../../support/classify-files.ts';

/** What released builds of programs that no package registry has hold around their version, `|` for a zero byte. */
const SAMPLES: readonly (readonly [path: string, content: string, found: string])[] = [
  [
    'usr/local/bin/envoy',
    '|remote refused stream reset|1.28.7|source/common/network/x.cc|envoy.config.',
    'envoy@1.28.7',
  ],
  ['usr/local/bin/envoy', '|hostresorder|1.34.5|RAWRR|1.2.13|deflate|envoy.config.core', 'envoy@1.34.5'],
  ['usr/bin/mongod', '|outputConfig|6.0.27|tcmalloc|mozjs|', 'mongodb@6.0.27'],
  ['usr/bin/mongod', '|StartupOptionSetup|7.0.28|heap_size|stack|', 'mongodb@7.0.28'],
  ['usr/bin/mongos', '|rParameterDocuments|8.0.17|cppdefines|bytesRead|', 'mongodb@8.0.17'],
  ['usr/bin/arangosh', '|curl-version|3.12.5-2 enterprise [linux]|timeout|', 'arangodb@3.12.5-2'],
  ['usr/local/bin/redis-server', '|000|4.0.11841ce7054bd9-1542359302000000000|networking.c|', 'redis@4.0.11'],
  ['usr/local/bin/redis-server', '|Server started, Redis version 2.8.23|', 'redis@2.8.23'],
  ['usr/sbin/haproxy', '|2023/02/14|2.7.3-1065b10|||HAProxy version follows|', 'haproxy@2.7.3'],
  ['usr/sbin/haproxy', '|HA-Proxy version 1.5.14 2015/07/02|Copyright', 'haproxy@1.5.14'],
  ['usr/bin/mysql', '|shutdown|8.0.34|mysql_real_escape_string_quote|', 'mysql@8.0.34'],
  [
    'usr/bin/mysql',
    '/build/percona-server-8.0.35-27/sql/x.cc|5.7.1|mysql_real_escape_string_quote|',
    'percona-server@8.0.35-27',
  ],
  ['usr/bin/mysql', '/BUILD/Percona-XtraDB-Cluster-8.0.34/sql|', 'percona-xtradb-cluster@8.0.34'],
  ['usr/sbin/ndbd', '/BUILD/mysql-cluster-gpl-9.7.0/mysql-cluster-gpl-9.7.0/x|', 'mysql-cluster@9.7.0'],
  ['usr/sbin/mysqld', '-cluster-gpl|5.7.33-ndb-7.6.17|x86_64|', 'mysql-cluster@7.6.17'],
  ['usr/bin/xtrabackup', '/BUILD/percona-xtrabackup-8.0.35-30/x|', 'percona-xtrabackup@8.0.35-30'],
  ['usr/bin/mariadb', '/usr/src/debug/mariadb-11.8.5-2-redhat-x86_64/x.c|', 'mariadb@11.8.5'],
  ['usr/bin/consul', 'path\tgithub.com/hashicorp/consul\n<!-- CONSUL_VERSION: 1.15.2\n -->', 'consul@v1.15.2'],
  // Go's own cryptography calls itself v1.0.0
  ['usr/bin/consul', 'path\tgithub.com/hashicorp/consul\n|v1.0.0|v1.19.1|', 'consul@v1.19.1'],
  ['usr/bin/traefik', 'path\tgithub.com/traefik/traefik/v3/cmd/traefik\n|v1.0.0|3.1.4|', 'v3@v3.1.4'],
  ['nginx-ingress-controller', 'path\tk8s.io/ingress-nginx/cmd/nginx\n|v1.0.0|v1.11.2|', 'ingress-nginx@v1.11.2'],
  [
    'nginx-ingress-controller',
    'path\tk8s.io/ingress-nginx/cmd/nginx\n|v1.0.0-alpha.2|',
    'ingress-nginx@v1.0.0-alpha.2',
  ],
  ['usr/bin/vault', 'path\tgithub.com/hashicorp/vault\n|cloud:%s.%s:revoke1.20.2)(nil))', 'vault@v1.20.2'],
  ['usr/bin/vault', 'path\tgithub.com/hashicorp/vault\n|go1.19.4|\xfd\xff1.11.6||', 'vault@v1.11.6'],
  ['usr/bin/traefik', 'path\tgithub.com/traefik/traefik/v3/cmd/traefik\n|\x84\x1c3.6.5|$a', 'v3@v3.6.5'],
  ['usr/bin/grafana', 'path\tgithub.com/grafana/grafana/pkg/cmd\n|release-12.3.1|go1.25.5|', 'grafana@v12.3.1'],
  ['usr/bin/grafana-server', 'path\tgithub.com/grafana/grafana/pkg/cmd\n|HEAD|9.2.20|', 'grafana@v9.2.20'],
  ['usr/bin/helm', "path\thelm.sh/helm/v3/cmd/helm\n|'\x10v3.12.0||\xfa", 'v3@v3.12.0'],
  [
    'usr/local/bin/pilot-agent',
    'path\tistio.io/istio/pilot/cmd/pilot-agent\n|go1.25.5|1.26.8|1.26.8|',
    'istio@v1.26.8',
  ],
  ['usr/local/bin/pilot-discovery', 'path\tistio.io/istio/x\n|Clean|||1.8.0|', 'istio@v1.8.0'],
  ['nginx-ingress-controller', 'path\tk8s.io/ingress-nginx/cmd/nginx\n|v1.11.8|go1.24.4|', 'ingress-nginx@v1.11.8'],
  [
    'usr/share/filebeat/filebeat',
    'dep\tgithub.com/elastic/beats/v7\nexportconfigcreateplugin8.18.4globalclient',
    'filebeat@8.18.4',
  ],
  ['usr/bin/metricbeat', 'dep\tgithub.com/elastic/beats/v7\nforcestdinsetupTest 9.4.2%s %w', 'metricbeat@9.4.2'],
  ['elastic-agent', 'github.com/elastic/elastic-agent config/statsenroll8.19.4headeruint16', 'elastic-agent@8.19.4'],
  ['usr/lib/libjulia-internal.so.1.12.6', '|GIT_VERSION_INFO|__init__|1.12.6|branch|commit|', 'julia@1.12.6'],
  ['usr/lib/libjulia-internal.so.1.8', '|unknown option `%s`|1.8.5|julia version %s', 'julia@1.8.5'],
  ['fluent-bit/bin/fluent-bit', '|* > type: |3.0.2|%sFluent Bit v%s%s', 'fluent-bit@3.0.2'],
  ['usr/lib/firefox/application.ini', '[App]\nName=Firefox\nVersion=151.0\n', 'firefox@151.0'],
  ['usr/bin/swipl', '/tmp/src/swipl-9.3.8/src|', 'swipl@9.3.8'],
  ['usr/bin/cabal', '/opt/lib/cabal-install-1.22.6.0-AfxbHivcmw40|', 'cabal-install@1.22.6.0'],
  ['usr/bin/stack', '/usr/lib/x86_64-linux-ghc-9.0.2/stack-2.7.5|', 'haskell-stack@2.7.5'],
  ['usr/bin/sqlcipher', '|community|4.5.5|%s %s|cipher_version|', 'sqlcipher@4.5.5'],
  ['usr/sbin/slapd', '@(#) $OpenLDAP: slapd 2.6.10 (May 23 2025) $', 'openldap@2.6.10'],
  ['usr/lib/libQt5Core.so.5.15.2', '|Qt 5.15.2 (x86_64-little_endian-lp64 shared', 'qtbase@5.15.2'],
  ['usr/lib/libQtCore.so.4.8.6', 'This is the QtCore library version 4.8.6\n', 'qtbase@4.8.6'],
  ['bin/gzip', '|1.12|Written by Jean-loup Gailly.|', 'gzip@1.12'],
  ['usr/lib/libkrb5.so.26.0.0', '|@(#)$Version: Heimdal 7.8.0 $|', 'heimdal@7.8.0'],
  [
    'usr/local/bin/composer',
    "#!/usr/bin/env php\nnamespace Composer;\npublic const VERSION = '2.8.1';",
    'composer@2.8.1',
  ],
  ['usr/local/bin/wp', '#!/usr/bin/env php\nwp-cli/wp-cli 2.9.0 2023-10-25\n', 'wp-cli@2.9.0'],
  ['usr/local/bin/node', '|node v0.10.48|FATAL', 'node@0.10.48'],
  ['usr/local/bin/node', '|-v|v0.12.18|--enable-ssl2|', 'node@0.12.18'],
  ['usr/local/bin/node', '|v4.9.1|moduleLoadList|', 'node@4.9.1'],
  ['usr/bin/perl', '|PERL5LIB|/usr/local/lib/perl5/5.20.0|', 'perl@5.20.0'],
  ['usr/bin/deno', 'recognize flag\nDeno/1.41.0cli/worker.rs', 'deno@1.41.0'],
  ['usr/bin/deno', 'deno-74064c9d8c222b33b2a552ea0af1054f57002a96release/v1.28.3windowshttps', 'deno@1.28.3'],
  ['usr/bin/dart', '|3.6.0-216.1.beta (beta) (Wed Sep 4 14:34:46 2024 -0700) on', 'dart@3.6.0-216.1.beta'],
  ['erts/bin/beam.smp', '||26.1.2||||Erlang/OTP 26%s [erts-14.1.1]', 'erlang@26.1.2'],
  ['bin/bun', '|\n----- bun meta -----\nBun v1.0.0 (822a00c4) Linux x64 {s}', 'bun@1.0.0'],
  ['bin/bun', ']\n\nBun v0.5.9\nbun-0.5.9\nJavaScript', 'bun@0.5.9'],
  ['x.libs/libjpeg-f2134fdd.so.62.3.0', 'libjpeg-turbo version 2.1.5.1 (build 20230401)|', 'libjpeg-turbo@2.1.5.1'],
  [
    'x.libs/libjpeg-82e9a1fb.so.9.3.0',
    'Copyright (C) 2018, Thomas G. Lane, Guido Vollbeding|9c  14-Jan-2018|',
    'libjpeg@9c',
  ],
  ['x.libs/libsqlite3-b9d397b9.so.0.8.6', '|sqlite_master|\xfe\xff3.33.0|||', 'sqlite@3.33.0'],
  ['x.libs/libcurl-571fdf8a.so.4.7.0', '|zlib/%s|7.80.0|x86_64-pc-linux-gnu|ftps|', 'curl@7.80.0'],
  ['x.libs/libcurl-81b76896.so.4.8.0', '|CLIENT libcurl 8.0.1\r\nMATCH', 'curl@8.0.1'],
  ['x.libs/libbz2-a273e504.so.1.0.6', '|1.0.6, 6-Sept-2010|', 'bzip2@1.0.6'],
  ['x.libs/liblz4-af1653fb.so.1.8.3', '|1.8.3|Unspecified error code|', 'lz4@1.8.3'],
  ['usr/lib64/libcrypto.so.1.1.1k', '|OpenSSL 1.1.1k  FIPS 25 Mar 2021|', 'openssl@1.1.1k'],
  [
    'usr/lib64/libcrypto.so.1.0.2k',
    '|OpenSSL 1.0.0-fips 29 Mar 2010|OpenSSL 1.0.1e-fips 11 Feb 2013|MD2 part of OpenSSL 1.0.2k-fips  26 Jan 2017|',
    'openssl@1.0.2k',
  ],
  ['usr/local/lib/erlang/erts-13.2.2.4/bin/erlexec', '|/usr/src/otp_src_25.3.2.6/erts/lib_src|', 'erlang@25.3.2.6'],
  ['usr/bin/postgres', 'bytein\n?PostgreSQL 9.5alpha1 on x86_64', 'postgresql@9.5alpha1'],
];

/** Texts of other programs under the same names, or without what shows that the program is the one. */
const OTHERS: readonly (readonly [path: string, content: string])[] = [
  ['usr/bin/envoy', '|1.28.7|a tool of another kind|'],
  ['usr/bin/mongod', '|6.0.27|mozjs|'],
  ['usr/bin/vault', '|1.11.6|revoke1.20.2)'],
  ['usr/bin/traefik', '|3.6.5|'],
  ['usr/bin/grafana', 'path\texample.org/grafana\n|12.0.0|'],
  ['usr/bin/filebeat', 'createplugin8.18.4globalclient'],
  ['bin/gzip', '|1.12|'],
  ['usr/lib/qt/plugins/xml.so', '|8.3.6|API|'],
  ['usr/lib/collectd/curl.so', '|8.3.6|'],
  ['usr/bin/stack', 'Version 2.7, no git'],
  ['usr/lib/libsqlite3.so.0', '|3.33.0|GLIBC_2.3.4|'],
  ['usr/lib/libsqlite3.so.0', '|sqlite_master|GLIBCXX_3.4.21|GLIBC_2.3.4|'],
  ['usr/bin/curl', '|7.1.2|'],
  ['usr/lib/firefox/application.ini', '[App]\nName=Other\nVersion=151.0\n'],
  ['usr/bin/composer', "#!/usr/bin/php\nnamespace Other;\nconst VERSION = '2.8.1';"],
  ['usr/bin/mysql', '/build/percona-server-8.0.35-27/x|8.0.35|mysql_real_escape_string_quote|'],
];

describe('patterns of classifiers.json', () => {
  for (const [path, content, expected] of SAMPLES) {
    it(`find ${expected}`, () => assert.deepEqual(findIn(path, content), [expected]));
  }
  it('do not take names for programs', () => {
    for (const [path, content] of OTHERS) {
      const found = findIn(path, content).filter((item) => !item.startsWith('percona-server'));
      assert.deepEqual(found, [], `${path} ${content}`);
    }
  });
});

function findIn(path: string, content: string): readonly string[] {
  const bytes = Buffer.from(content.replaceAll('|', '\0'), 'latin1');
  return classifyBytes(new Map([[path, bytes]])).packages.map(({ name, version }) => `${name}@${version}`);
}
