/** A site that also talks by WebSocket. */
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { plain, type Site } from './site.js';

interface Talk {
  on(event: 'message', heard: (data: unknown, isBinary: boolean) => void): void;
  on(event: 'close' | 'error', heard: () => void): void;
  send(data: unknown, options?: { readonly binary: boolean }): void;
}
interface Talks {
  handleUpgrade(request: unknown, socket: Duplex, head: Buffer, done: (talk: Talk) => void): void;
}

const { load } = (await import(pathToFileURL(join('test', 'sdk', 'packages', 'load.mjs')).href)) as {
  load(name: string): Promise<{ readonly WebSocketServer: new (options: object) => Talks }>;
};
const { WebSocketServer } = await load('ws');

/** Says back what it hears; below `/endless` it talks by itself. */
export async function talking(): Promise<Site> {
  const site = await plain();
  const talks = new WebSocketServer({ noServer: true });
  site.server.on('upgrade', (request: { readonly url: string }, socket: Duplex, head: Buffer) => {
    talks.handleUpgrade(request, socket, head, talk => {
      talk.on('error', () => undefined);
      talk.on('message', (data, isBinary) => talk.send(data, { binary: isBinary }));
      if (!request.url.startsWith('/endless')) return;
      const timer = setInterval(() => talk.send('word'), 5);
      talk.on('close', () => clearInterval(timer));
    });
  });
  return site;
}
