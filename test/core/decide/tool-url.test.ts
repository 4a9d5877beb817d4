/** Synthetic URLs: what is built is what is judged, one segment a name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAction } from '#src/core/decide/tool-request.js';
import {
  aiSdkUrl,
  claudeAgentUrl,
  langchainUrl,
  mastraUrl,
  mcpUrl,
  openaiAgentsUrl,
} from '#src/core/decide/tool-url.js';
import { decide, load } from '../../support/engine.js';

test('each framework has its form', () => {
  assert.deepEqual(
    [
      langchainUrl('tool', 'search'),
      openaiAgentsUrl('input', 'triage'),
      openaiAgentsUrl('tools', 'refund'),
      claudeAgentUrl('prompts', 'plan'),
      aiSdkUrl('openai.chat', 'gpt-4o'),
      mastraUrl('writer', 'stream'),
      mcpUrl('files', 'read_file'),
    ],
    [
      'tool://langchain.local/tool/search',
      'tool://openai-agents.local/input/triage',
      'tool://openai-agents.local/tools/refund',
      'tool://claude-agent.local/prompts/plan',
      'tool://ai-sdk.local/openai.chat/gpt-4o',
      'tool://mastra.local/agents/writer/stream',
      'tool://files/tools/read_file',
    ],
  );
});

test('no server can pose as a host', () => {
  const host = (server: string) => mcpUrl(server, 'x')?.slice('tool://'.length, -'/tools/x'.length) ?? null;
  for (const [server, want] of [
    ['GitHub', 'github'],
    ['my server', 'my-server'],
    ['my_server', 'my-server'],
    ['api.github.com', 'mcp.api.github.com'],
    ['API.GitHub.com', 'mcp.api.github.com'],
    ['langchain.local', 'mcp.langchain.local'],
    ['mcp.x', 'mcp.mcp.x'],
    ['a/b?c#d@e:8', 'a-b-c-d-e-8'],
    ['größe', 'gr--e'],
    ['\u{1f600}', '-'],
    ['\u212a', '-'],
    ['github.', 'mcp.github.'],
    ['a..b', null],
    ['.a', null],
    ['', null],
  ] as const) {
    assert.equal(host(server), want, server);
  }
});

const NAMES = [
  'a/b',
  'a%2Fb',
  'a%b',
  '%2e%2e',
  'a\\b',
  'a;b',
  'a?b#c',
  'a b',
  "a'(b)!*~",
  'größe',
  '\u{1f600}',
  '...',
  ' ',
  'a@b:c',
];

test('a name is one segment, is read back as it was, and the URL is normal already', () => {
  for (const name of NAMES) {
    for (const url of [
      langchainUrl('tool', name),
      mcpUrl('s', name),
      mastraUrl(name, 'generate'),
      aiSdkUrl(name, 'm'),
    ]) {
      assert.ok(url !== null);
      assert.equal(new URL(url).href, url);
      assert.deepEqual(checkAction({ tool: 't', method: 'POST', url }), { ok: true, url });
    }
    const pieces = new URL(mcpUrl('s', name) ?? '').pathname.split('/');
    assert.deepEqual(pieces.map(decodeURIComponent), ['', 'tools', name]);
    const one = load('default: deny\nrules:\n  - { name: r, allow: { url: "s/tools/*" } }');
    assert.equal(decide(one, { tool: 't', url: mcpUrl('s', name) ?? '' }), 'rule_allowed r', name);
  }
});

test('a name that no segment can be gives no URL', () => {
  for (const name of ['', '.', '..', '\ud800']) {
    assert.equal(mcpUrl('s', name), null);
    assert.equal(aiSdkUrl(name, 'm'), null);
  }
});

test('a call of a tool that cannot be judged says why', () => {
  const ok = { tool: 'a/b c', method: 'POST', url: null };
  assert.deepEqual(checkAction(ok), { ok: true, url: null });
  assert.deepEqual(checkAction({ ...ok, url: 'tool://Files' }), { ok: true, url: 'tool://files/' });
  for (const [more, word] of [
    [{ tool: '' }, /name of the tool/],
    [{ tool: 'a\u0000' }, /name of the tool/],
    [{ tool: 'x'.repeat(1025) }, /name of the tool/],
    [{ tool: 'é'.repeat(513) }, /name of the tool/],
    [{ tool: '\ud800' }, /name of the tool/],
    [{ method: 'A B' }, /method/],
    [{ url: 'https://files/' }, /another scheme/],
    [{ url: '/files' }, /relative/],
    [{ url: 'tool://u:p@files/' }, /user name/],
    [{ url: '' }, /relative/],
  ] as const) {
    const checked = checkAction({ ...ok, ...more });
    assert.match(checked.ok ? '' : checked.reason, word);
  }
});
