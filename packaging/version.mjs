// A version of package.json as the packagers write it. Revision 1 always: a changed runtime is a new version as well.

const SEMVER = /^(\d+\.\d+\.\d+)(?:-([0-9A-Za-z.]+))?$/;

/**
 * @param {string} version such as `0.1.0` or `0.2.0-rc.1`
 * @returns {{ upstream: string, revision: string }} `~` sorts before the release itself, in dpkg and in rpm
 * @throws Error where neither has a form for it
 */
export function packageVersion(version) {
  const [, release, before] = SEMVER.exec(version) ?? [];
  if (release === undefined) throw new Error(`version ${version}: wanted like 1.2.3 or 1.2.3-rc.1`);
  return { upstream: before === undefined ? release : `${release}~${before}`, revision: '1' };
}
