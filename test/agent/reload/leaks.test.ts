import { test } from 'node:test';
import { leavesNothing } from '../../support/reload/leaks.js';

test('reloads leave no memory, engine, descriptor or watch behind', t => leavesNothing(t, 'moved', 200));
