import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { packageLife } from '../support/package-life.js';
import { DEB, RPM } from '../support/package-steps.js';
import { type TwoVersions, twoVersions } from '../support/two-versions.js';

const folder = mkdtempSync(join(tmpdir(), 'checkrd-versions-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
let made: TwoVersions | undefined;
const versions = (): TwoVersions => (made ??= twoVersions(folder));

packageLife(DEB, 'bookworm', versions);
packageLife(RPM, 'bookworm', versions);
