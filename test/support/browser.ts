/** A real Chromium, driven by playwright-core of test/system/packages. What is used of it is declared here: it is no part of the build. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

export interface Page {
  goto(url: string): Promise<unknown>;
  url(): string;
  evaluate<T>(work: string): Promise<T>;
  fill(selector: string, text: string): Promise<void>;
  focus(selector: string): Promise<void>;
  click(selector: string): Promise<void>;
  setInputFiles(selector: string, files: readonly string[]): Promise<void>;
  innerText(selector: string): Promise<string>;
  waitForSelector(selector: string): Promise<unknown>;
  emulateMedia(media: { readonly colorScheme: 'light' | 'dark' }): Promise<void>;
  screenshot(to: { readonly path: string; readonly fullPage: boolean }): Promise<unknown>;
  readonly keyboard: { press(key: string): Promise<void> };
  on(event: 'request', take: (request: { url(): string }) => void): void;
  on(event: 'console', take: (message: { text(): string }) => void): void;
  on(event: 'pageerror', take: (error: Error) => void): void;
  close(): Promise<void>;
}

export interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

interface Playwright {
  readonly chromium: {
    launch(options: {
      readonly executablePath: string;
      readonly args: readonly string[];
      readonly timeout: number;
    }): Promise<Browser>;
  };
}

const PROGRAM = '/usr/bin/chromium';
/** From a cold disk, beside others. */
const START_MAX_MS = 180_000;
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];
const packages = resolve('test/system/packages/package.json');

/** Why there is no browser here; false when there is one. */
export function noBrowser(): string | false {
  if (!existsSync(PROGRAM) || spawnSync(PROGRAM, ['--version']).status !== 0) return 'no chromium on this machine';
  return !existsSync(resolve(packages, '../node_modules/playwright-core')) && 'npm ci --prefix test/system/packages';
}

/** With a profile of its own, which is gone when it is closed. */
export async function openBrowser(...flags: readonly string[]): Promise<Browser> {
  const { chromium } = createRequire(packages)('playwright-core') as Playwright;
  return await chromium.launch({ executablePath: PROGRAM, args: [...FLAGS, ...flags], timeout: START_MAX_MS });
}
