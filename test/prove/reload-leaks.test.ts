import { test } from 'node:test';
import { leavesNothing } from '../support/reload/leaks.js';

test('10,000 reloads by a clock that is moved leave nothing behind', t => leavesNothing(t, 'moved', 10_000));

test('200 reloads through files leave nothing behind', t => leavesNothing(t, 'files', 200));
