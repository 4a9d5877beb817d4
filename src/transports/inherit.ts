/**
 * What a thread or a child needs to be guarded as its parent is.
 *
 *   in   : the file that guards a process, and the variables that configured this one
 *   out  : an environment in which any Node is guarded, by the same files
 *   never: lets whoever starts a child point it at other files, or switch it off; another agent ID is theirs to choose
 */
export interface Inheritance {
  /** Absolute path of the preloaded module. */
  readonly entry: string;
  /** `CHECKRD_*` as this process was started with them, but for the key and the agent ID. */
  readonly variables: Readonly<Record<string, string>>;
  readonly agentId: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const OWN = /^CHECKRD_/;

/** @param env The environment at the start. */
export function inheritance(entry: string, agentId: string, env: Environment): Inheritance {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (OWN.test(name) && name !== 'CHECKRD_AGENT_KEY' && name !== 'CHECKRD_AGENT_ID' && value !== undefined) {
      variables[name] = value;
    }
  }
  return { entry, variables, agentId };
}

/** The environment that a child is to have, with what it needs to be guarded. */
export function guardedEnv(given: Environment, { entry, variables, agentId }: Inheritance): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && (!OWN.test(name) || name === 'CHECKRD_AGENT_ID')) env[name] = value;
  }
  Object.assign(env, variables);
  env.CHECKRD_AGENT_ID ??= agentId;
  env.NODE_OPTIONS = guardedOptions(env.NODE_OPTIONS ?? '', entry);
  return env;
}

/** First, so that nothing else is preloaded before it. */
export function guardedOptions(options: string, entry: string): string {
  const preload = `--require ${JSON.stringify(entry)}`;
  if (options.startsWith(preload)) return options;
  return options === '' ? preload : `${preload} ${options}`;
}
