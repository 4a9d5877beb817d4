// What a package installs, and where: one table for .deb, .rpm and tarball.
//
// A row: `from` a file or a folder of the repository (every file in it), or `text`; `to` a path on the machine (a folder where
// it ends with a slash). `conf`: the operator's; `gzip`: as manuals and changelogs are; `machine`: only where a package
// manager installs, not in the tarball.

const EXAMPLES = '/usr/share/doc/checkrd/examples/';

/** @param {{ changelog: string, copyright: string, licences: string, sbom: string }} made texts that are made at build */
export function layout(made) {
  return [
    { from: 'packaging/files/checkrd', to: '/usr/bin/checkrd', mode: 0o755 },
    { from: 'systemd', ending: '.service', to: '/usr/lib/systemd/system/', machine: true },
    { from: 'systemd/checkrd.sysusers', to: '/usr/lib/sysusers.d/checkrd.conf', machine: true },
    { from: 'systemd/checkrd.tmpfiles', to: '/usr/lib/tmpfiles.d/checkrd.conf', machine: true },
    { from: 'packaging/logrotate/checkrd', to: '/etc/logrotate.d/checkrd', conf: true, machine: true },
    { from: 'packaging/files/checkrd.yaml', to: '/etc/checkrd/checkrd.yaml', conf: true },
    { from: 'packaging/files/policy.yaml', to: '/etc/checkrd/policy.yaml', conf: true },
    { folder: '/etc/checkrd/policy.d' },
    { folder: '/etc/checkrd/trust/log' },
    { folder: '/etc/checkrd/agents' },
    { from: 'dist/man', ending: '.1', to: '/usr/share/man/man1/', gzip: true },
    { from: 'dist/man', ending: '.5', to: '/usr/share/man/man5/', gzip: true },
    {
      from: 'dist/completion/checkrd.bash',
      to: '/usr/share/bash-completion/completions/checkrd',
    },
    { from: 'dist/completion/_checkrd', to: '/usr/share/zsh/vendor-completions/_checkrd' },
    { from: 'dist/completion/checkrd.fish', to: '/usr/share/fish/vendor_completions.d/checkrd.fish' },
    { from: 'dist/verifier.html', to: '/usr/share/checkrd/verifier.html' },
    { from: 'docs', to: '/usr/share/doc/checkrd/docs/' },
    ...['README.md', 'SECURITY.md', 'THREAT-MODEL.md'].map(name => ({
      from: name,
      to: `/usr/share/doc/checkrd/${name}`,
    })),
    { from: 'CHANGELOG.md', to: '/usr/share/doc/checkrd/changelog.gz', gzip: true },
    { text: made.changelog, to: '/usr/share/doc/checkrd/changelog.Debian.gz', gzip: true, only: 'deb' },
    { from: 'packaging/files/lintian-overrides', to: '/usr/share/lintian/overrides/checkrd', only: 'deb' },
    { text: made.copyright, to: '/usr/share/doc/checkrd/copyright' },
    { text: made.licences, to: '/usr/share/doc/checkrd/THIRD-PARTY-LICENSES' },
    { text: made.sbom, to: '/usr/share/doc/checkrd/sbom.cdx.json' },
    { from: 'examples/policies', to: `${EXAMPLES}policies/` },
    { from: 'examples/shippers', to: `${EXAMPLES}shippers/` },
    { from: 'examples/systemd', to: `${EXAMPLES}systemd/` },
    { from: 'examples/grafana', to: `${EXAMPLES}grafana/` },
    { from: 'examples/prometheus', to: `${EXAMPLES}prometheus/` },
    ...['verify.py', 'check_evidence.py', 'daemon_client.py'].map(name => ({
      from: `examples/${name}`,
      to: `${EXAMPLES}${name}`,
    })),
  ];
}
