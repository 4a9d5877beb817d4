/**
 * Subresource integrity where redirects are followed by us.
 *
 * The transport would hold the digest against the first hop's answer; it belongs to the last one's. The comparison
 * itself is the transport's: the bytes are put before it again as a `data:` URL, which leaves no machine.
 */
import type { Flight } from './flight.js';

/** @throws TypeError as plain fetch does when the bytes are others; the response can still be read when it returns. */
export async function keepsIntegrity(response: Response, integrity: string, flight: Flight): Promise<void> {
  if (integrity === '' || response.body === null) return;
  try {
    const bytes = await flight.race(response.clone().arrayBuffer());
    const local = `data:application/octet-stream;base64,${Buffer.from(bytes).toString('base64')}`;
    await globalThis.fetch(local, { integrity });
  } catch (error) {
    throw flight.failed(error);
  }
}
