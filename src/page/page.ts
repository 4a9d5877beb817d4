/** The verifier page: its inputs, its progress and its report. It asks nobody anything. */
import { keyId } from '../core/audit/key-id.js';
import { type Dropped, Refused, type Slices } from './dropped.js';
import { sha256 } from './hash.js';
import { expectedEndOf, keysOf } from './inputs.js';
import { selfTest } from './self-test.js';
import { element, reportElements } from './show-report.js';
import { sortDropped } from './sort-dropped.js';
import { isState, verifyDropped } from './verify-dropped.js';

/** The page answers at least as often. */
const BREATHE_MS = 40;
const MB = 1_000_000;

const part = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E;
const form = part<HTMLFormElement>('form');
const drop = part('drop');
const chooser = part<HTMLInputElement>('files');
const listed = part('list');
const keys = part<HTMLTextAreaElement>('keys');
const keyIds = part('key-ids');
const end = part<HTMLInputElement>('end');
const go = part<HTMLButtonElement>('go');
const stop = part<HTMLButtonElement>('stop');
const clear = part<HTMLButtonElement>('clear');
const bar = part<HTMLProgressElement>('bar');
const status = part('status');
const result = part('report');

interface Entry extends Dropped {
  readonly kind: 'log' | 'beside';
  readonly id: string;
}
let entries: Entry[] = [];
let adding: Promise<void> = Promise.resolve();
let running = false;
let stopped = false;

class Stopped extends Error {}

/** What was given must all be there before anything is judged. */
function add(files: readonly File[]): Promise<void> {
  adding = adding.then(() => sortAll(files));
  return adding;
}

async function sortAll(files: readonly File[]): Promise<void> {
  const said: string[] = [];
  for (const file of files) {
    try {
      const sorted = await sortDropped(file.name, file);
      if (sorted.kind === 'key') addKey(sorted.key);
      else if (!addEntry(file.name, file, file.lastModified, sorted.kind))
        said.push(`${file.name} is in the list already.`);
    } catch (error) {
      said.push(
        error instanceof Refused ? error.message : `${file.name} cannot be read; give single files, not folders.`,
      );
    }
  }
  outdated();
  status.textContent = said.join(' ');
}

/** @returns false for one that is there already */
function addEntry(name: string, bytes: Slices, changed: number, kind: Entry['kind']): boolean {
  const id = `${name}\n${bytes.size}\n${changed}`;
  if (entries.some(entry => entry.id === id)) return false;
  let own = name;
  for (let n = 2; entries.some(entry => entry.name === own); n++) own = `${name} (${n})`;
  entries = [...entries, { name: own, bytes, kind, id }];
  showList();
  return true;
}

function addKey(text: string): void {
  const lines = keys.value.split('\n').map(line => line.trim());
  if (!lines.includes(text)) keys.value = [...lines, text].filter(line => line !== '').join('\n');
  showKeys();
}

function showList(): void {
  listed.replaceChildren(
    ...entries.map(entry => {
      const item = document.createElement('li');
      const remove = element('button', 'Remove', 'quiet') as HTMLButtonElement;
      remove.type = 'button';
      remove.setAttribute('aria-label', `Remove ${entry.name}`);
      remove.addEventListener('click', () => {
        entries = entries.filter(other => other !== entry);
        showList();
        outdated();
        chooser.focus();
      });
      const what = entry.kind === 'log' ? size(entry.bytes.size) : isState(entry.name) ? 'state file' : 'epochs file';
      item.append(element('span', entry.name, 'name'), element('span', what, 'what'), remove);
      return item;
    }),
  );
}

function showKeys(): void {
  try {
    const ids = keysOf(keys.value).map(key => keyId(sha256, key));
    keyIds.textContent = ids.length > 0 ? `Key ${ids.length > 1 ? 'IDs' : 'ID'}: ${ids.join(', ')}` : '';
    keys.removeAttribute('aria-invalid');
  } catch (error) {
    keyIds.textContent = (error as Error).message;
    keys.setAttribute('aria-invalid', 'true');
  }
}

/** A report must not stand beside other inputs than its own. */
function outdated(): void {
  stopped = true;
  result.replaceChildren();
  status.textContent = '';
}

async function run(): Promise<void> {
  if (running) return;
  running = true;
  await adding;
  outdated();
  await verifyAll();
  running = false;
}

async function verifyAll(): Promise<void> {
  const files = entries.filter(({ kind }) => kind === 'log');
  if (files.length === 0) {
    status.textContent = 'There is nothing to verify yet: give the files of a log.';
    chooser.focus();
    return;
  }
  stopped = false;
  busy(true);
  const total = files.reduce((sum, { bytes }) => sum + bytes.size, 0);
  let done = 0;
  let since = performance.now();
  try {
    selfTest();
    const given = {
      files,
      beside: entries.filter(({ kind }) => kind === 'beside'),
      keys: keysOf(keys.value),
      expect: expectedEndOf(end.value),
    };
    bar.max = Math.max(total, 1);
    const reports = await verifyDropped(given, {
      read: bytes => {
        done += bytes;
      },
      breathe: async () => {
        if (performance.now() - since < BREATHE_MS) return;
        bar.value = done;
        status.textContent = `${size(done)} of ${size(total)} read`;
        await new Promise(resolve => setTimeout(resolve));
        since = performance.now();
        if (stopped) throw new Stopped();
      },
    });
    if (stopped) throw new Stopped();
    result.replaceChildren(...reportElements(reports));
    status.textContent = `Done: ${size(total)} in ${files.length === 1 ? 'one file' : `${files.length} files`} read.`;
    result.focus();
  } catch (error) {
    if (error instanceof Stopped) status.textContent = 'Stopped. Nothing is concluded.';
    else if (error instanceof Refused) status.textContent = `${error.message} Nothing is concluded.`;
    else status.textContent = `A defect of this page (${String(error)}). Nothing is concluded; use checkrd verify.`;
  } finally {
    busy(false);
  }
}

function busy(is: boolean): void {
  go.disabled = is;
  stop.hidden = !is;
  bar.hidden = !is;
  bar.value = 0;
  result.setAttribute('aria-busy', String(is));
}

function size(bytes: number): string {
  return bytes < MB ? `${bytes} bytes` : `${(bytes / MB).toFixed(1)} MB`;
}

form.addEventListener('submit', event => {
  event.preventDefault();
  void run();
});
stop.addEventListener('click', () => {
  stopped = true;
});
clear.addEventListener('click', () => {
  entries = [];
  form.reset();
  showList();
  showKeys();
  outdated();
});
chooser.addEventListener('change', () => {
  void add([...(chooser.files ?? [])]).then(() => {
    chooser.value = '';
  });
});
for (const field of [keys, end]) field.addEventListener('input', outdated);
keys.addEventListener('input', showKeys);
// A file that misses its place would otherwise be opened in this page's stead.
for (const name of ['dragover', 'drop'] as const) {
  document.addEventListener(name, event => {
    event.preventDefault();
    drop.classList.toggle('over', name === 'dragover');
    if (event.type === 'drop') void add([...((event as DragEvent).dataTransfer?.files ?? [])]);
  });
}
document.addEventListener('dragleave', () => drop.classList.remove('over'));
busy(false);
showKeys();
