// What packages say of themselves, the same in each format.

export const SUMMARY = 'enforcement agent for AI agents, driven by files';

export const DESCRIPTION = [
  'checkrd decides, from a policy in a file, which calls an AI agent may make,',
  'and writes each decision to a log whose alteration is found from its files.',
  'It needs no network: files in, decisions out.',
  '.',
  'The package holds the program, the Node.js it runs on, and a service.',
];

/** Nobody reads mail on the machines this is for; where reports go stands in SECURITY.md. */
export const MAINTAINER = 'checkrd maintainers <maintainers@checkrd.invalid>';

/** The files under which Debian and others ask for terms. */
export const COPYRIGHT = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: checkrd
Comment: Terms of what is joined into the program, and of the Node.js beside it, are in
 /usr/share/doc/checkrd/THIRD-PARTY-LICENSES.

Files: *
Copyright: 2026 the checkrd authors
License: Apache-2.0

License: Apache-2.0
 On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0;
 it is https://www.apache.org/licenses/LICENSE-2.0 as well.
`;

/** Debian's form of a changelog; what changed stands in CHANGELOG.md. */
export function debianChangelog({ upstream, revision }, epoch) {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `checkrd (${upstream}-${revision}) stable; urgency=medium

  * What changed: /usr/share/doc/checkrd/changelog.gz

 -- ${MAINTAINER}  ${date}
`;
}
