/**
 * The synthetic URL under which each framework's call is presented (policy language, §3.6).
 *
 *   in   : names as the framework has them
 *   out  : a normalised URL of the scheme `tool`, or null where no URL can carry a name
 *   never: lets a name stand for more than one segment, or a server pose as a host
 *
 * Each name is one percent-encoded segment. Names that no segment can be (empty, `.`, `..`, half a surrogate pair) give null;
 * such a call is presented without a URL, or refused.
 */

export function langchainUrl(kind: string, target: string): string | null {
  return at('langchain.local', kind, target);
}

export function openaiAgentsUrl(kind: 'input' | 'output' | 'tools', name: string): string | null {
  return at('openai-agents.local', kind, name);
}

export function claudeAgentUrl(kind: 'tools' | 'prompts', name: string): string | null {
  return at('claude-agent.local', kind, name);
}

export function aiSdkUrl(provider: string, model: string): string | null {
  return at('ai-sdk.local', provider, model);
}

export function mastraUrl(agent: string, how: 'generate' | 'stream'): string | null {
  return at('mastra.local', 'agents', agent, how);
}

/** A server whose name has a dot stands under `mcp.`, so that none can pose as a host. */
export function mcpUrl(server: string, tool: string): string | null {
  const name = server.replace(/[A-Z]/g, letter => letter.toLowerCase()).replace(/[^a-z0-9.-]/gu, '-');
  const host = name.includes('.') ? `mcp.${name}` : name;
  return HOST.test(host) ? at(host, 'tools', tool) : null;
}

/** Labels without an empty one, but for the one trailing dot that every host may have. */
const HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.?$/;

function at(host: string, ...names: readonly string[]): string | null {
  const segments = names.map(segment);
  return segments.includes(null) ? null : `tool://${host}/${segments.join('/')}`;
}

function segment(name: string): string | null {
  // A parser of URLs resolves dots in any spelling.
  if (name === '' || name === '.' || name === '..') return null;
  try {
    return encodeURIComponent(name);
  } catch {
    return null;
  }
}
