/** The least that any program of this kind does: reads JSON Lines, reads a URL, prints JSON Lines. */
process.stdin.setEncoding('utf8');
let kept = '';
for await (const chunk of process.stdin) {
  const lines = (kept + String(chunk)).split('\n');
  kept = lines.pop() ?? '';
  let out = '';
  for (const line of lines) {
    const asked = (JSON.parse(line) as { request?: { url: string } }).request;
    const host = asked === undefined ? '' : new URL(asked.url).hostname;
    out += `${JSON.stringify({ result: 'allow', enforced: true, code: 'rule_allowed', matched_rule: null, reason: host })}\n`;
  }
  process.stdout.write(out);
}
