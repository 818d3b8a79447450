// Writes the snapshot of the command surface after a deliberate change to it.
import { writeFileSync } from 'node:fs';
import { commandSurface, SNAPSHOT } from '../support/cli/command-surface.ts';

writeFileSync(SNAPSHOT, `${JSON.stringify(await commandSurface(), undefined, 2)}\n`);
