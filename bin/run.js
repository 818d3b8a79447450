#!/usr/bin/env node
// Plain old JavaScript: whatever Node starts this must be able to read it and say what is wrong.
import process from 'node:process';

var version = process.versions.node.split('.').map(Number);
var major = version[0];
var minor = version[1];
var patch = version[2];
var supported =
  major >= 26 || (major === 24 && minor >= 15) || (major === 22 && (minor > 22 || (minor === 22 && patch >= 2)));
if (!supported) {
  process.stderr.write(
    'waybill needs Node.js 22.22.2, 24.15.0 or 26 and newer; this is ' + process.versions.node + '\n',
  );
  process.exit(2);
}
var { start } = await import('../dist/main.js');
await start(process.argv.slice(2));
