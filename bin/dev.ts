#!/usr/bin/env node
// The command line straight from the sources, without a build.
import { start } from '../src/cli/main.ts';

await start(process.argv.slice(2));
